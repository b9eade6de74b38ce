//! The operator's rules, and those that hold where there are none.

use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::serde_json::Value;

use crate::path;

/// How much of a forbidden text is repeated, in characters: enough to find it.
const SHOWN: usize = 80;

/// What a tool may not be called with.
#[plugin_type]
#[derive(Debug, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    /// The tool's qualified name; a `*` at its start or end stands for any text.
    tool: String,
    /// A JSON Pointer to the argument that is looked at; all arguments where there is none.
    #[serde(default)]
    argument: Option<String>,
    /// What no text there may be; without it the tool is not called at all.
    #[serde(default)]
    forbids: Option<Forbids>,
    /// Why, for the model and the person.
    reason: String,
}

#[plugin_type]
#[derive(Debug, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Forbids {
    /// Paths out of the working folder, as a text or within one.
    Outside,
    /// Texts that have this in them.
    Contains(String),
    /// Texts that start with this.
    StartsWith(String),
}

/// What holds unless the operator says otherwise: what deletes, writes or runs keeps to the working folder.
pub(crate) fn built_in() -> Vec<Rule> {
    let rule = |(tool, argument, reason): (&str, Option<&str>, &str)| Rule {
        tool: tool.to_owned(),
        argument: argument.map(str::to_owned),
        forbids: Some(Forbids::Outside),
        reason: reason.to_owned(),
    };
    let gone = "what is deleted there is somebody else's, and gone";
    let overwritten = "what is overwritten there is somebody else's";
    let command = "a command does what it wants there";
    let rules = [
        ("*/delete_file", None, gone),
        // What is written may speak of any path.
        ("*/write_file", Some("/path"), overwritten),
        ("*/shell", None, command),
        ("*/exec", None, command),
        ("*/run_command", None, command),
    ];
    rules.into_iter().map(rule).collect()
}

impl Rule {
    /// What to tell a caller whose call breaks the rule; none where it keeps to it.
    pub(crate) fn broken_by(&self, tool: &str, arguments: &Value) -> Option<String> {
        if !fits(&self.tool, tool) {
            return None;
        }
        let Some(forbids) = &self.forbids else {
            let reason = &self.reason;
            return Some(format!(
                "{tool} may not be called: {reason}; the operator of the plugin guard can change its rule for {}",
                self.tool
            ));
        };
        let at = self.argument.as_deref().unwrap_or("");
        let found = find(arguments.pointer(at)?, at, &|text| forbids.in_text(text))?;
        let what = found.text.chars().take(SHOWN).collect::<String>();
        Some(format!(
            "{tool} may not be called like that: the argument {:?} has {what:?}, which {}, and {}; leave that out, or ask the \
             operator of the plugin guard to change its rule for {}",
            found.pointer,
            forbids.in_words(),
            self.reason,
            self.tool
        ))
    }
}

impl Forbids {
    /// What of a text is forbidden.
    fn in_text<'a>(&self, text: &'a str) -> Option<&'a str> {
        match self {
            Self::Outside => path::outside(text),
            Self::Contains(part) => text.contains(part.as_str()).then_some(text),
            Self::StartsWith(start) => text.starts_with(start.as_str()).then_some(text),
        }
    }

    fn in_words(&self) -> String {
        match self {
            Self::Outside => "lies outside of the working folder".to_owned(),
            Self::Contains(part) => format!("contains {part:?}"),
            Self::StartsWith(start) => format!("starts with {start:?}"),
        }
    }
}

fn fits(pattern: &str, name: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(""), _) => true,
        (Some(end), None) => name.ends_with(end),
        (None, Some(start)) => name.starts_with(start),
        (Some(rest), Some(_)) => name.contains(rest.trim_end_matches('*')),
        (None, None) => name == pattern,
    }
}

/// A forbidden text, and where it is.
struct Found<'a> {
    text: &'a str,
    pointer: String,
}

/// Looks through all texts of a value, the names of fields included.
fn find<'a>(
    value: &'a Value,
    pointer: &str,
    forbidden: &dyn Fn(&'a str) -> Option<&'a str>,
) -> Option<Found<'a>> {
    let found = |text, pointer: &str| Found {
        text,
        pointer: pointer.to_owned(),
    };
    match value {
        Value::String(text) => forbidden(text).map(|text| found(text, pointer)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(at, item)| find(item, &format!("{pointer}/{at}"), forbidden)),
        Value::Object(fields) => fields.iter().find_map(|(name, field)| {
            let name_found = forbidden(name).map(|text| found(text, pointer));
            let escaped = name.replace('~', "~0").replace('/', "~1");
            name_found.or_else(|| find(field, &format!("{pointer}/{escaped}"), forbidden))
        }),
        _ => None,
    }
}
