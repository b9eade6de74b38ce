//! Changes to `trusted_keys.toml` that leave the rest of it as its operator wrote it.

use crate::args::TrustAddArgs;
use crate::edit::set;
use portcullis_host_policy::trust::{IdPattern, PublicKey};
use std::fmt;
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, RawString, Table, value};

/// The file, which holds no mistakes.
pub(super) struct KeysDocument(DocumentMut);

impl KeysDocument {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        text.parse()
            .map(Self)
            .map_err(|error: toml_edit::TomlError| error.to_string())
    }

    pub(super) fn add(&mut self, args: &TrustAddArgs) {
        let mut key = Table::new();
        key["public-key"] = value(args.key.to_string());
        key["owner"] = value(&args.owner);
        key["plugins"] = list(&args.plugins);
        for (name, time) in [
            ("not-before", args.not_before),
            ("not-after", args.not_after),
        ] {
            if let Some(time) = time {
                key[name] = value(time);
            }
        }
        self.tables("key").push(key);
    }

    pub(super) fn remove(&mut self, key: &PublicKey) {
        let tables = self.tables("key");
        let Some(at) = tables.iter().position(|table| is(table, key)) else {
            return;
        };
        // What stands above its own comment is about more than this key.
        let above = tables
            .get(at)
            .and_then(|table| table.decor().prefix()?.as_str());
        let above = above
            .and_then(|above| above.rsplit_once("\n\n"))
            .map(|(above, _)| format!("{above}\n\n"));
        tables.remove(at);
        let (Some(above), next) = (above, tables.get_mut(at)) else {
            return;
        };
        let joined = |below: Option<&RawString>| {
            above.clone() + below.and_then(RawString::as_str).unwrap_or_default()
        };
        match next {
            Some(next) => {
                let prefix = joined(next.decor().prefix());
                next.decor_mut().set_prefix(prefix);
            }
            None => {
                let trailing = joined(Some(self.0.trailing()));
                self.0.set_trailing(trailing);
            }
        }
    }

    pub(super) fn revoke(&mut self, key: &PublicKey) {
        for table in self.tables("key").iter_mut().filter(|table| is(table, key)) {
            set(table, "revoked", true);
        }
    }

    /// Changes the policy for just these plugins, or adds one.
    pub(super) fn threshold(&mut self, plugins: &[IdPattern], threshold: u32) {
        let (wanted, threshold) = (list(plugins), i64::from(threshold));
        let tables = self.tables("policy");
        let same = |table: &&mut Table| texts(&table["plugins"]) == texts(&wanted);
        if let Some(table) = tables.iter_mut().find(same) {
            set(table, "threshold", threshold);
            return;
        }
        let mut policy = Table::new();
        policy["plugins"] = wanted;
        policy["threshold"] = value(threshold);
        tables.push(policy);
    }

    /// The `[[name]]` tables, also where they are written as one array.
    fn tables(&mut self, name: &str) -> &mut ArrayOfTables {
        let item = self
            .0
            .entry(name)
            .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
        if !item.is_array_of_tables() {
            let tables = std::mem::take(item).into_array_of_tables();
            *item = Item::ArrayOfTables(tables.unwrap_or_default());
        }
        item.as_array_of_tables_mut().expect("it was made one")
    }
}

impl fmt::Display for KeysDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn is(table: &Table, key: &PublicKey) -> bool {
    let text = table.get("public-key").and_then(Item::as_str);
    text.is_some_and(|text| text.parse() == Ok(*key))
}

fn list(plugins: &[IdPattern]) -> Item {
    value(plugins.iter().map(ToString::to_string).collect::<Array>())
}

fn texts(item: &Item) -> Vec<&str> {
    let values = item.as_array().into_iter().flatten();
    values.filter_map(toml_edit::Value::as_str).collect()
}
