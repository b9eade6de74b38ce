//! The manifest's published JSON Schema.

use serde_json::{Value, json};

use super::Manifest;
use super::reader::{MAX_DESCRIPTION, PLUGIN_KEYS, TABLES};
use crate::document::MAX_LINE;
use crate::id::PluginId;
use crate::schema;

/// Letters, digits, hyphens: what an id's parts are made of, each with no hyphen at its ends.
const ID: &str = "^[a-z]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$";
/// As semver.org has it, without the details of what comes after the three numbers.
const VERSION: &str =
    "^(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?(\\+[0-9A-Za-z.-]+)?$";
const ADDRESS: &str = "^[Hh][Tt][Tt][Pp][Ss]?:";

impl Manifest {
    /// The JSON Schema of `plugin.toml` for editors, as it is published.
    pub fn schema() -> String {
        let mut root = schema::table("What a plugin is and what it asks for.", TABLES, of_table);
        root["required"] = json!(["plugin"]);
        schema::file("manifest.json", "plugin.toml", root)
    }
}

fn of_table(name: &str) -> Value {
    match name {
        "plugin" => {
            let mut table = schema::table("What the author says of it.", PLUGIN_KEYS, of_key);
            table["required"] = json!(["id", "version"]);
            table
        }
        "capabilities" => schema::table("What it asks for.", &["request"], |_| {
            schema::capabilities(
                "Each as in `http:https://api.example.org/v1/*`; nothing where it is left out.",
            )
        }),
        "limits" => schema::limits(
            "What it limits itself to: a manifest lowers limits, and never raises them.",
        ),
        "instances" => schema::table("How it is run.", &["policy"], |_| {
            schema::instances(
                "fresh: an instance for each call. reuse: for many calls, one after another. session: for one session.",
            )
        }),
        "config" => settings(),
        _ => Value::Bool(true),
    }
}

fn of_key(name: &str) -> Value {
    let line = |about| schema::text(about, json!({ "maxLength": MAX_LINE }));
    let address = |about| {
        let rule = json!({ "maxLength": MAX_LINE, "format": "uri", "pattern": ADDRESS });
        schema::text(about, rule)
    };
    match name {
        "id" => schema::text(
            "What it is called among programs: the author's domain turned round and a name, `org.example.weather`.",
            json!({ "pattern": ID, "maxLength": PluginId::MAX_BYTES }),
        ),
        "version" => schema::text("Its version, such as 1.2.0.", json!({ "pattern": VERSION })),
        "name" => line("What people call it."),
        "description" => schema::text("What it is for.", json!({ "maxLength": MAX_DESCRIPTION })),
        "license" => line("An SPDX expression."),
        "authors" => schema::list(
            "Who wrote it.",
            json!({ "type": "string", "maxLength": MAX_LINE }),
        ),
        "homepage" => address("Where to read about it."),
        "repository" => address("Where its source is."),
        _ => Value::Bool(true),
    }
}

/// `[config]` is a JSON Schema itself; here stands what the reader asks of it beyond that.
fn settings() -> Value {
    json!({
        "type": "object",
        "description": "A JSON Schema, written in TOML, for the settings that an operator gives the plugin.",
        "properties": {
            "type": { "const": "object" },
            "properties": {
                "additionalProperties": {
                    "properties": { "x-secret": schema::flag("The setting is a secret: never shown, never logged.") },
                },
            },
        },
    })
}
