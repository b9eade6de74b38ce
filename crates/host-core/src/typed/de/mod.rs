//! Values of a component's types into serde types, JSON among them.
//!
//! Whoever asks for anything, as JSON does, gets what the type's schema says. Whoever asks for something gets that, if the type has it: the
//! bytes of a byte list, a number of 64 bits as it is.

mod access;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::value::SeqDeserializer;
use serde::de::{self, DeserializeOwned, Deserializer, Visitor};
use serde::forward_to_deserialize_any;

use self::access::{Case, Pairs, Record, Seq, Tagged, Types};
use super::mismatch::Mismatch;
use super::schema::{EXACT, NOT_FINITE};
use super::ty::Type;
use super::value::Value;

/// Reads a value as a serde type.
pub(crate) fn from_value<T: DeserializeOwned>(ty: &Type, value: Value) -> Result<T, Mismatch> {
    T::deserialize(FromValue { ty, value })
}

/// Reads the result of a function that has none.
pub(crate) fn from_nothing<T: DeserializeOwned>() -> Result<T, Mismatch> {
    T::deserialize(de::value::UnitDeserializer::new())
}

struct FromValue<'t> {
    ty: &'t Type,
    value: Value,
}

/// A value that is not of its type: a mistake of this host.
fn confused() -> Mismatch {
    Mismatch::value("a value is not of its type")
}

impl<'t> FromValue<'t> {
    /// The name of a case and what it carries.
    fn case(self) -> Result<(&'t str, Option<FromValue<'t>>), Mismatch> {
        let Value::Case(case, payload) = self.value else {
            return Err(confused());
        };
        let at = case as usize;
        let (name, ty) = match self.ty {
            Type::Variant(cases) => {
                let (name, ty) = cases.get(at).ok_or_else(confused)?;
                (name.as_str(), ty.as_ref())
            }
            Type::Enum(cases) => (cases.get(at).ok_or_else(confused)?.as_str(), None),
            Type::Option(inner, _) if at == 1 => ("some", Some(&**inner)),
            Type::Option(..) => ("none", None),
            _ => return Err(confused()),
        };
        let payload = ty
            .zip(payload)
            .map(|(ty, value)| FromValue { ty, value: *value });
        Ok((name, payload))
    }

    fn seq<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        let values = match self.value {
            Value::Bytes(bytes) => {
                return visitor.visit_seq(SeqDeserializer::new(bytes.into_iter()));
            }
            Value::List(values) => values,
            _ => return Err(confused()),
        };
        let pair;
        let types = match self.ty {
            Type::List(element) | Type::Array(element, _) => Types::Same(element),
            Type::Tuple(types) => Types::Each(types.iter()),
            Type::Map(types) => {
                pair = Type::Tuple(types.to_vec());
                Types::Same(&pair)
            }
            _ => return Err(confused()),
        };
        let (mut index, values) = (0, values.into_iter());
        let length = values.len();
        let mut seq = Seq {
            types,
            values,
            index: &mut index,
        };
        let read = visitor.visit_seq(&mut seq)?;
        match seq.values.len() {
            0 => Ok(read),
            _ => Err(de::Error::invalid_length(length, &"fewer")),
        }
    }

    fn map<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        let Value::List(values) = self.value else {
            return Err(confused());
        };
        match self.ty {
            Type::Record(fields) => visitor.visit_map(Record {
                fields: fields.iter().zip(values),
                waiting: None,
            }),
            Type::Map(pair) => visitor.visit_map(Pairs {
                pair,
                values: values.into_iter(),
                index: 0,
                waiting: None,
            }),
            _ => Err(confused()),
        }
    }

    /// An integer of 64 bits is a text where JSON's readers might not keep it.
    fn any_integer<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.value {
            Value::Signed(number) if number.abs_diff(0) <= EXACT as u64 => {
                visitor.visit_i64(number)
            }
            Value::Signed(number) => visitor.visit_string(number.to_string()),
            Value::Unsigned(number) if number <= EXACT as u64 => visitor.visit_u64(number),
            Value::Unsigned(number) => visitor.visit_string(number.to_string()),
            _ => Err(confused()),
        }
    }

    fn any_float<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        let number = match self.value {
            // The shortest decimal that is this number, and not the binary digits of it as an f64.
            Value::F32(number) if number.is_finite() => {
                number.to_string().parse().unwrap_or(number.into())
            }
            Value::F32(number) => number.into(),
            Value::F64(number) => number,
            _ => return Err(confused()),
        };
        let [nan, infinity, negative] = NOT_FINITE;
        match number {
            number if number.is_nan() => visitor.visit_str(nan),
            f64::INFINITY => visitor.visit_str(infinity),
            f64::NEG_INFINITY => visitor.visit_str(negative),
            number => visitor.visit_f64(number),
        }
    }

    fn flags<'de, V: Visitor<'de>>(
        self,
        flags: &[String],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        let Value::Flags(set) = self.value else {
            return Err(confused());
        };
        let set = flags
            .iter()
            .enumerate()
            .filter(|(index, _)| set & (1 << index) != 0);
        let names: Vec<&str> = set.map(|(_, name)| name.as_str()).collect();
        visitor.visit_seq(SeqDeserializer::new(names.into_iter()))
    }
}

impl<'de> Deserializer<'de> for FromValue<'_> {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match (self.ty, self.value) {
            (Type::Bool, Value::Bool(value)) => visitor.visit_bool(value),
            (Type::Char, Value::Char(value)) => visitor.visit_char(value),
            (Type::String, Value::String(value)) => visitor.visit_string(value),
            (Type::Bytes, Value::Bytes(value)) => visitor.visit_string(STANDARD.encode(value)),
            (Type::Flags(flags), value) => FromValue { ty: self.ty, value }.flags(flags, visitor),
            (ty @ (Type::Signed(_) | Type::Unsigned(_)), value) => {
                FromValue { ty, value }.any_integer(visitor)
            }
            (ty @ (Type::F32 | Type::F64), value) => FromValue { ty, value }.any_float(visitor),
            (ty @ Type::Record(_), value) => FromValue { ty, value }.map(visitor),
            (ty @ (Type::List(_) | Type::Array(..) | Type::Tuple(_) | Type::Map(_)), value) => {
                FromValue { ty, value }.seq(visitor)
            }
            (Type::Option(_, false), Value::Case(0, _)) => visitor.visit_unit(),
            (Type::Option(inner, false), Value::Case(_, Some(value))) => FromValue {
                ty: inner,
                value: *value,
            }
            .deserialize_any(visitor),
            (ty @ Type::Enum(_), value) => visitor.visit_str(FromValue { ty, value }.case()?.0),
            (ty @ (Type::Variant(_) | Type::Option(_, true)), value) => {
                let (name, payload) = FromValue { ty, value }.case()?;
                visitor.visit_map(Tagged {
                    name: Some(name),
                    payload,
                })
            }
            _ => Err(confused()),
        }
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.value {
            Value::Signed(number) => visitor.visit_i64(number),
            Value::Unsigned(number) => visitor.visit_u64(number),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.value {
            Value::F32(number) => visitor.visit_f32(number),
            Value::F64(number) => visitor.visit_f64(number),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.value {
            Value::Bytes(bytes) => visitor.visit_byte_buf(bytes),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.ty {
            Type::Bytes => self.seq(visitor),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.ty {
            Type::Map(_) => self.map(visitor),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match (self.ty, self.value) {
            (Type::Option(..), Value::Case(0, _)) => visitor.visit_none(),
            (Type::Option(inner, _), Value::Case(_, Some(value))) => {
                visitor.visit_some(FromValue {
                    ty: inner,
                    value: *value,
                })
            }
            (ty, value) => visitor.visit_some(FromValue { ty, value }),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        cases: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        match self.ty {
            Type::Variant(_) | Type::Enum(_) => {
                let (name, payload) = self.case()?;
                let name = match (name, cases) {
                    ("ok", ["Ok", "Err"]) => "Ok",
                    ("err", ["Ok", "Err"]) => "Err",
                    _ => name,
                };
                visitor.visit_enum(Case { name, payload })
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_unit()
    }

    /// As the general method of its kind.
    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        self.deserialize_seq(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 u8 u16 u32 char str string unit unit_struct tuple_struct struct identifier
    }
}
