//! Where in a file each key stands.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

/// Lines by the keys' full names, as TOML writes them.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines(BTreeMap<String, usize>);

/// Where something stands is no part of what is said.
impl PartialEq for Lines {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Lines {
    pub(super) fn of(text: &str, root: &DeTable<'_>) -> Self {
        let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
        let mut lines = Self::default();
        lines.add("", root, &|at| ends.partition_point(|end| *end < at) + 1);
        lines
    }

    pub(super) fn get(&self, key: &str) -> Option<usize> {
        self.0.get(key).copied()
    }

    fn add(&mut self, above: &str, table: &DeTable<'_>, line: &impl Fn(usize) -> usize) {
        for (key, node) in table {
            let name = join(above, key.get_ref());
            if let DeValue::Table(below) = node.get_ref() {
                self.add(&name, below, line);
            }
            self.0.insert(name, line(key.span().start));
        }
    }
}

/// The name of a key below another, quoted where TOML wants it.
pub(super) fn join(above: &str, key: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let key = match !key.is_empty() && key.bytes().all(bare) {
        true => key.to_owned(),
        // JSON's quotes and escapes are TOML's too.
        false => serde_json::Value::from(key).to_string(),
    };
    match above {
        "" => key,
        above => format!("{above}.{key}"),
    }
}
