//! What people and models see of a plugin.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Digest;

/// Everything that a plugin shows: its tools with titles, descriptions, schemas and annotations; hooks, roles and prompts where it
/// has some. By kind (`tools`), then by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Surface(BTreeMap<String, BTreeMap<String, Value>>);

/// One thing that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What kind of thing: `tools`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// How it was; none where it is new.
    pub before: Option<Value>,
    /// How it is; none where it is gone.
    pub after: Option<Value>,
}

impl Surface {
    /// Adds a thing.
    pub fn add(&mut self, kind: &str, name: &str, shown: Value) {
        let things = self.0.entry(kind.to_owned()).or_default();
        things.insert(name.to_owned(), shown);
    }

    /// The name of exactly this surface: the order of keys in an object is all that makes no difference.
    pub fn digest(&self) -> Digest {
        let sorted = self.0.iter().map(|(kind, things)| {
            let things = things
                .iter()
                .map(|(name, shown)| (name, Canonical::of(shown)));
            (kind, things.collect::<BTreeMap<_, _>>())
        });
        // Strings for keys, and numbers that came from JSON: there is nothing that could fail.
        let text = serde_json::to_vec(&sorted.collect::<BTreeMap<_, _>>()).unwrap_or_default();
        Digest::of(&text)
    }

    /// What is not the same in `new`, by kind and name.
    pub fn differences(&self, new: &Self) -> Vec<Difference> {
        let nothing = BTreeMap::new();
        let mut found = Vec::new();
        let kinds: std::collections::BTreeSet<_> = self.0.keys().chain(new.0.keys()).collect();
        for kind in kinds {
            let own = self.0.get(kind).unwrap_or(&nothing);
            let other = new.0.get(kind).unwrap_or(&nothing);
            let names: std::collections::BTreeSet<_> = own.keys().chain(other.keys()).collect();
            found.extend(
                names
                    .into_iter()
                    .filter(|name| text(own.get(*name)) != text(other.get(*name)))
                    .map(|name| Difference {
                        kind: kind.clone(),
                        name: name.clone(),
                        before: own.get(name).cloned(),
                        after: other.get(name).cloned(),
                    }),
            );
        }
        found
    }
}

/// What goes into the digest of one thing; none where there is none.
fn text(shown: Option<&Value>) -> Option<String> {
    serde_json::to_string(&Canonical::of(shown?)).ok()
}

/// JSON with the keys of its objects in order, however the map in memory keeps them.
#[derive(Serialize)]
#[serde(untagged)]
enum Canonical<'a> {
    Object(BTreeMap<&'a str, Canonical<'a>>),
    List(Vec<Canonical<'a>>),
    Plain(&'a Value),
}

impl<'a> Canonical<'a> {
    fn of(value: &'a Value) -> Self {
        match value {
            Value::Object(object) => {
                let entries = object.iter();
                Self::Object(
                    entries
                        .map(|(key, value)| (key.as_str(), Self::of(value)))
                        .collect(),
                )
            }
            Value::Array(items) => Self::List(items.iter().map(Self::of).collect()),
            plain => Self::Plain(plain),
        }
    }
}
