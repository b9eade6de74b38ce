//! From a call's JSON to a function's arguments.
//!
//! [`super::kinds`] decides what an argument is.

use serde::de::{DeserializeOwned, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::context::Context;
use crate::error::ToolError;
#[cfg(feature = "streaming")]
use crate::stream::{InputStream, OutputStream};

/// What the host gives to a call: its JSON, and what is beside it.
pub struct Inputs {
    arguments: String,
    given: Given,
}

/// What the host gives beside the JSON.
pub struct Given {
    pub(super) context: Context,
    #[cfg(feature = "streaming")]
    pub(super) input: Option<InputStream>,
    #[cfg(feature = "streaming")]
    pub(super) output: Option<OutputStream>,
}

impl Inputs {
    pub(super) fn new(context: Context, arguments: String) -> Self {
        Self {
            arguments,
            given: Given {
                context,
                #[cfg(feature = "streaming")]
                input: None,
                #[cfg(feature = "streaming")]
                output: None,
            },
        }
    }

    #[cfg(feature = "streaming")]
    pub(super) fn streaming(mut self, input: InputStream, output: OutputStream) -> Self {
        self.given.input = Some(input);
        self.given.output = Some(output);
        self
    }

    /// The two parts, so that the fields can borrow from the JSON.
    pub fn split(self) -> (String, Given) {
        (self.arguments, self.given)
    }
}

/// The fields of an argument object that no argument has taken yet.
pub struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Fields<'a> {
    /// The fields of the JSON object in `text`.
    ///
    /// # Errors
    /// `invalid-arguments`, if it is no object or has a field twice.
    pub fn of(text: &'a str) -> Result<Self, ToolError> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object with the tool's arguments")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields: Self::Value = Vec::with_capacity(map.size_hint().unwrap_or(0));
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    if fields.iter().any(|(known, _)| *known == name) {
                        return Err(A::Error::custom(format_args!(
                            "argument `{name}` is given twice"
                        )));
                    }
                    fields.push((name, value));
                }
                Ok(fields)
            }
        }

        let mut json = serde_json::Deserializer::from_str(text);
        serde::Deserializer::deserialize_map(&mut json, Collect)
            .and_then(|fields| json.end().map(|()| Self(fields)))
            .map_err(|error| ToolError::invalid_arguments(error.to_string()))
    }

    pub(super) fn take<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<T>, ToolError> {
        let Some(index) = self.0.iter().position(|(field, _)| field == name) else {
            return Ok(None);
        };
        let (_, json) = self.0.swap_remove(index);
        serde_json::from_str(json.get())
            .map(Some)
            .map_err(|error| ToolError::invalid_arguments(format!("argument `{name}`: {error}")))
    }

    pub(super) fn require<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, ToolError> {
        match self.take(name)? {
            Some(value) => Ok(value),
            None => from_nothing().ok_or_else(|| {
                ToolError::invalid_arguments(format!("argument `{name}` is missing"))
            }),
        }
    }

    /// Checks that every field was taken.
    ///
    /// # Errors
    /// `invalid-arguments`, if the caller gave a field that the tool does not know.
    pub fn finish(self) -> Result<(), ToolError> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => Err(ToolError::invalid_arguments(format!(
                "unknown argument `{name}`; the tool's input schema names those it takes"
            ))),
        }
    }
}

/// What serde makes of a missing field: `None` of an `Option`, nothing of anything else.
pub(super) fn from_nothing<T: DeserializeOwned>() -> Option<T> {
    struct Nothing;

    impl<'de> serde::Deserializer<'de> for Nothing {
        type Error = serde::de::value::Error;

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
            Err(Self::Error::custom("missing"))
        }

        fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
            visitor.visit_none()
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
            newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
        }
    }

    T::deserialize(Nothing).ok()
}
