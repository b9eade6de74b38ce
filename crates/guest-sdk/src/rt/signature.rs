//! The schemas of a tool, as schemars makes them.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::types::Streams;

/// Collects what a tool's arguments and result say of themselves.
pub struct Signature {
    generator: SchemaGenerator,
    properties: Map<String, Value>,
    required: Vec<Value>,
    whole: Option<Schema>,
    output: Option<Schema>,
    streams: Streams,
}

impl Signature {
    pub(super) fn new() -> Self {
        Self {
            generator: SchemaSettings::draft2020_12()
                .for_deserialize()
                .into_generator(),
            properties: Map::new(),
            required: Vec::new(),
            whole: None,
            output: None,
            streams: Streams::empty(),
        }
    }

    /// Adds one argument, as schemars describes a struct's field.
    pub(super) fn property<T: JsonSchema>(
        &mut self,
        name: &str,
        doc: &str,
        required: bool,
        default: Option<Value>,
    ) {
        let mut schema = self.generator.subschema_for::<T>();
        if !doc.is_empty() {
            schema.insert("description".to_owned(), doc.into());
        }
        if let Some(default) = default {
            schema.insert("default".to_owned(), default);
        }
        self.properties.insert(name.to_owned(), schema.into());
        if required {
            self.required.push(name.into());
        }
    }

    /// Takes one type as the whole argument object.
    pub(super) fn whole<T: JsonSchema>(&mut self) {
        self.whole = Some(self.generator.root_schema_for::<T>());
    }

    pub(super) fn output<T: JsonSchema>(&mut self) {
        let generator = SchemaSettings::draft2020_12()
            .for_serialize()
            .into_generator();
        self.output = Some(generator.into_root_schema_for::<T>());
    }

    #[cfg(feature = "streaming")]
    pub(super) fn stream(&mut self, direction: Streams) {
        self.streams |= direction;
    }

    pub(super) fn streams(&self) -> Streams {
        self.streams
    }

    pub(super) fn output_schema(&self) -> Option<String> {
        self.output
            .as_ref()
            .map(|schema| schema.as_value().to_string())
    }

    /// The schema of the argument object of the tool called `tool`.
    ///
    /// # Panics
    /// If the type that takes the whole object is no object.
    pub(super) fn input_schema(mut self, tool: &str) -> String {
        let schema = match self.whole.take() {
            Some(whole) => whole,
            None => self.object(),
        };
        assert!(
            schema.get("type").and_then(Value::as_str) == Some("object"),
            "the #[args] of the tool `{tool}` is no JSON object; take a struct with named fields"
        );
        schema.as_value().to_string()
    }

    fn object(&mut self) -> Schema {
        let mut schema = Schema::default();
        if let Some(meta_schema) = &self.generator.settings().meta_schema {
            schema.insert("$schema".to_owned(), meta_schema.as_ref().into());
        }
        schema.insert("type".to_owned(), "object".into());
        schema.insert(
            "properties".to_owned(),
            std::mem::take(&mut self.properties).into(),
        );
        if !self.required.is_empty() {
            schema.insert(
                "required".to_owned(),
                std::mem::take(&mut self.required).into(),
            );
        }
        schema.insert("additionalProperties".to_owned(), false.into());
        let definitions = self.generator.take_definitions(true);
        if !definitions.is_empty() {
            schema.insert("$defs".to_owned(), definitions.into());
        }
        schema
    }
}

/// A default of an argument, on its way into the schema.
pub struct DefaultValue<T>(pub T);

/// Defaults that have a JSON form are in the schema.
pub trait DefaultToJson {
    /// That form.
    fn to_json(&self) -> Option<Value>;
}

impl<T: Serialize> DefaultToJson for &DefaultValue<T> {
    fn to_json(&self) -> Option<Value> {
        serde_json::to_value(&self.0).ok()
    }
}

/// Defaults without one aren't.
pub trait NoDefaultJson {
    /// Nothing.
    fn to_json(&self) -> Option<Value>;
}

impl<T> NoDefaultJson for DefaultValue<T> {
    fn to_json(&self) -> Option<Value> {
        None
    }
}
