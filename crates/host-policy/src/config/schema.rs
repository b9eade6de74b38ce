//! The configuration's published JSON Schema.

use serde_json::{Value, json};

use super::Config;
use super::reader::{PLUGIN_KEYS, PLUGINS_KEYS, TABLES, USE_KEYS};
use crate::schema;
use crate::trust::TrustMode;

impl Config {
    /// The JSON Schema of `portcullis.toml` for editors, as it is published.
    pub fn schema() -> String {
        let root = schema::table("What an operator says of plugins.", TABLES, of_table);
        schema::file("config.json", "portcullis.toml", root)
    }
}

fn of_table(name: &str) -> Value {
    match name {
        "plugins" => schema::table("What holds for all plugins.", PLUGINS_KEYS, of_all),
        "plugin" => json!({
            "type": "object",
            "description": "What holds for one plugin, by its id in quotes.",
            "additionalProperties": schema::table("What holds for this plugin.", PLUGIN_KEYS, of_one),
        }),
        _ => Value::Bool(true),
    }
}

fn of_all(name: &str) -> Value {
    match name {
        "enabled" => schema::flag("Whether plugins are looked for and run at all. Default: false."),
        "dirs" => schema::list(
            "The folders that are searched, from the root, instead of the usual ones.",
            json!({ "type": "string" }),
        ),
        "hot-reload" => schema::flag("Whether the folders are watched. Default: true."),
        "signatures" => schema::word(
            "What signatures are worth. Default: required.",
            TrustMode::ALL.map(TrustMode::as_str),
        ),
        "offline" => schema::flag("Whether the network is closed to all plugins. Default: false."),
        "limits" => schema::limits("Of every plugin whose own table says nothing else."),
        "ceiling" => {
            let allow = |_: &str| schema::capabilities("Nothing else, whatever is granted.");
            let mut table = schema::table("What no plugin goes beyond.", &["allow"], allow);
            table["required"] = json!(["allow"]);
            table
        }
        _ => Value::Bool(true),
    }
}

fn of_one(name: &str) -> Value {
    match name {
        "enabled" => schema::flag("Whether it is loaded. Default: true."),
        "grants" => schema::capabilities("What it may reach. Default: nothing."),
        "deny" => schema::capabilities("What it may not reach, whatever is granted."),
        "askable" => {
            schema::capabilities("What the person may be asked for, by a host that can ask.")
        }
        "bind" => json!({
            "type": "object",
            "description": "What the slots of capabilities stand for.",
            "additionalProperties": { "type": "string" },
        }),
        "config" => json!({
            "type": "object",
            "description": "Its settings; a secret is written { secret = \"NAME\" }.",
        }),
        "limits" => schema::limits("Limits that differ from those of all plugins."),
        "secrets" => {
            let key = |name: &str| match name {
                "secret" => schema::text("The secret's name.", json!({})),
                "to" => schema::text("Which requests carry it.", json!({})),
                _ => schema::text(
                    "Where in them: bearer, basic, header:NAME, query:NAME.",
                    json!({}),
                ),
            };
            let mut use_of_one = schema::table("A secret of its requests.", USE_KEYS, key);
            use_of_one["required"] = json!(USE_KEYS);
            schema::list("Which of its requests carry which secrets.", use_of_one)
        }
        "instances" => {
            schema::instances("Where its instances come from, whatever its manifest says.")
        }
        "updates" => schema::word(
            "Whether an update that changes only bytes waits for a person.",
            ["hold", "auto"],
        ),
        _ => Value::Bool(true),
    }
}
