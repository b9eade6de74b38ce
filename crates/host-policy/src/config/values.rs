//! Every value that holds, one by one, for who asks where it comes from.

use serde::Serialize;
use serde_json::Value;

use super::lines::join;
use super::{Effective, Key, Origin, Sourced};
use crate::limits::{LimitOverrides, Limits};

/// One value that holds.
#[derive(Clone, Debug, PartialEq)]
pub struct EffectiveValue {
    /// Its full name in the file.
    pub key: String,
    /// The value; null where there is none, as for folders that nobody named and a ceiling that nobody set.
    pub value: Value,
    /// Where it comes from.
    pub origin: Origin,
}

impl Effective {
    /// Every value that holds, in the order in which a file would say them. Secrets are not among them, only their names.
    pub fn values(&self) -> Vec<EffectiveValue> {
        let mut values = vec![
            one(Key::Enabled, &self.enabled),
            one(Key::Dirs, &self.dirs),
            one(Key::HotReload, &self.hot_reload),
            one(Key::Signatures, &self.signatures),
            one(Key::Offline, &self.offline),
        ];
        let limits = Limits::default().set_by(self.limits());
        self.flatten(
            "plugins.limits",
            json(&LimitOverrides::of(&limits)),
            &mut values,
        );
        let ceiling = json(&self.file.plugins.ceiling);
        self.flatten("plugins.ceiling.allow", ceiling, &mut values);
        for (id, settings) in self.plugins() {
            self.flatten(&join("plugin", id.as_str()), json(settings), &mut values);
        }
        values
    }

    /// Adds `value`, which only the file can say, or each of its parts.
    fn flatten(&self, key: &str, value: Value, values: &mut Vec<EffectiveValue>) {
        match value {
            Value::Object(parts) if !parts.is_empty() => {
                for (name, part) in parts {
                    self.flatten(&join(key, &name), part, values);
                }
            }
            value => values.push(EffectiveValue {
                key: key.to_owned(),
                value,
                origin: self.file.line(key).map_or(Origin::Default, Origin::File),
            }),
        }
    }
}

fn one<T: Serialize>(key: Key, sourced: &Sourced<T>) -> EffectiveValue {
    EffectiveValue {
        key: key.as_str().to_owned(),
        value: json(&sourced.value),
        origin: sourced.origin,
    }
}

fn json(value: &impl Serialize) -> Value {
    // Paths are the only thing that JSON might not hold; they are shown as far as they can be.
    serde_json::to_value(value).unwrap_or_default()
}
