//! `[config]`: a JSON Schema, written in TOML, for the settings that an operator gives the plugin.

use serde::Serialize;
use serde_json::Value;
use toml::de::DeTable;

use crate::document::{DocumentErrorKind as Kind, Node, Reader};

/// The schema of a plugin's settings: always of an object.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct ConfigSchema(Value);

impl ConfigSchema {
    /// The schema as JSON.
    pub fn as_json(&self) -> &Value {
        &self.0
    }

    /// The settings that are secrets (`x-secret = true`): never shown, never logged.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let properties = self.0.get("properties").and_then(Value::as_object);
        let secret = |schema: &Value| schema.get("x-secret") == Some(&Value::Bool(true));
        properties
            .into_iter()
            .flatten()
            .filter(move |(_, schema)| secret(schema))
            .map(|(name, _)| name.as_str())
    }
}

impl Reader<'_> {
    /// The schema in `[config]`.
    pub(super) fn config(&mut self, node: Node<'_, '_>) -> ConfigSchema {
        let mut schema = self.json(node);
        if let Some(table) = self.table(node, "config") {
            self.check_root(table);
            self.check_secrets(table);
        }
        if let Some(root) = schema.as_object_mut() {
            root.entry("type").or_insert_with(|| "object".into());
        }
        ConfigSchema(schema)
    }

    fn check_root(&mut self, table: &DeTable<'_>) {
        let kind = table.get("type");
        if let Some(kind) = kind.filter(|kind| kind.get_ref().as_str() != Some("object")) {
            let rule = "settings are one object: leave `type` out or say \"object\"";
            self.fail(kind.span(), Kind::Value(rule.to_owned()));
        }
    }

    fn check_secrets(&mut self, table: &DeTable<'_>) {
        let properties = table
            .get("properties")
            .and_then(|node| node.get_ref().as_table());
        for schema in properties
            .into_iter()
            .flat_map(|properties| properties.values())
        {
            let flag = schema.get_ref().get("x-secret");
            if let Some(flag) = flag.filter(|flag| flag.get_ref().as_bool().is_none()) {
                let rule = "`x-secret` is true or false";
                self.fail(flag.span(), Kind::Value(rule.to_owned()));
            }
        }
    }
}
