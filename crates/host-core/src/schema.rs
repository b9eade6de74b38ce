//! JSON Schemas of tools: compiled without reach beyond themselves and with patterns that match in linear time, so that a
//! hostile schema can neither fetch anything nor hang the host.

mod cost;

use std::sync::Once;
use std::thread;

use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::Value;

use crate::error::ArgumentMistake;

/// More mistakes than this help nobody.
const MOST_MISTAKES: usize = 20;

/// A mistake's text quotes the value; a large one is cut here.
const MISTAKE_CHARS: usize = 300;

/// What a compiled pattern may take. A schema is a few screens of text; a pattern that needs more is an attack.
const PATTERN_BYTES: usize = 1 << 20;

/// The only dialect of the contract.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Keywords whose values are data, in which `$ref` means nothing.
const DATA_KEYWORDS: &[&str] = &["const", "enum", "default", "examples"];

/// Evaluations that one value may take. A validator does some ten million a second, so a hostile pair of schema and value
/// holds a thread for a fraction of a second at most, and a real one never comes near.
const MOST_EVALUATIONS: u64 = 2_000_000;

/// Beyond this many, a mistake is told without its place: to describe one takes far longer than to find it.
const DESCRIBED_EVALUATIONS: u64 = 20_000;

/// A compiled JSON Schema 2020-12, whose checks take bounded time whoever wrote it.
#[derive(Debug)]
pub struct Schema {
    validator: Validator,
    /// What it was compiled from, for counting.
    source: Value,
    /// How often it looks at one place of a value, where that does not depend on the value: it has no recursion.
    fixed: Option<u64>,
}

impl Schema {
    /// Compiles a schema.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn compile(schema: &Value) -> Result<Self, String> {
        stays_within(schema)?;
        let dialect = schema
            .get("$schema")
            .and_then(Value::as_str)
            .unwrap_or(DIALECT);
        if dialect.trim_end_matches('#') != DIALECT {
            return Err(format!(
                "its dialect is {dialect:?}, and the contract's is {DIALECT:?}"
            ));
        }
        let patterns = PatternOptions::regex()
            .size_limit(PATTERN_BYTES)
            .dfa_size_limit(PATTERN_BYTES);
        let validator = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_pattern_options(patterns)
            .offline()
            .build(schema)
            .map_err(|error| shorten(&error.to_string()))?;
        Ok(Self {
            validator,
            fixed: cost::fixed(schema),
            source: schema.clone(),
        })
    }

    /// The places where `value` doesn't fit.
    pub fn mistakes(&self, value: &Value) -> Vec<ArgumentMistake> {
        let evaluations = self.evaluations(value);
        if evaluations > MOST_EVALUATIONS {
            return at_root("it is nested too deep for a schema that branches as much as this one");
        }
        if self.validator.is_valid(value) {
            return Vec::new();
        }
        if evaluations > DESCRIBED_EVALUATIONS {
            return at_root("it does not fit the schema");
        }
        let mistakes = self.validator.iter_errors(value).take(MOST_MISTAKES);
        mistakes
            .map(|error| ArgumentMistake {
                pointer: error.instance_path().to_string(),
                problem: shorten(&error.to_string()),
            })
            .collect()
    }

    /// At least as many evaluations as checking `value` takes, if that is within the limit.
    fn evaluations(&self, value: &Value) -> u64 {
        if let Some(fixed) = self.fixed {
            let bound = fixed.saturating_mul(cost::places(value));
            if bound <= DESCRIBED_EVALUATIONS {
                return bound;
            }
        }
        cost::evaluations(&self.source, value)
    }
}

fn at_root(problem: &str) -> Vec<ArgumentMistake> {
    vec![ArgumentMistake {
        pointer: String::new(),
        problem: problem.to_owned(),
    }]
}

/// Compiles the schema of schemas, which the first schema of a process has to wait for, beside whatever else is done to start:
/// it takes longer than a cached load.
pub(crate) fn warm_up() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Without a thread to spare, the first schema waits.
        let _ = thread::Builder::new()
            .name("portcullis-schema".into())
            .spawn(|| Schema::compile(&serde_json::json!({"type": "object"})));
    });
}

/// Refuses references to anything but the schema itself.
fn stays_within(schema: &Value) -> Result<(), String> {
    match schema {
        Value::Object(object) => object.iter().try_for_each(|(key, value)| {
            if matches!(key.as_str(), "$ref" | "$dynamicRef")
                && let Some(target) = value.as_str().filter(|target| !target.starts_with('#'))
            {
                return Err(format!(
                    "it refers to {:?}, and may only refer to itself (\"#…\")",
                    shorten(target)
                ));
            }
            if DATA_KEYWORDS.contains(&key.as_str()) {
                Ok(())
            } else {
                stays_within(value)
            }
        }),
        Value::Array(items) => items.iter().try_for_each(stays_within),
        _ => Ok(()),
    }
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(MISTAKE_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn mistakes_name_their_place() {
        let schema = json!({"type": "object", "properties": {"a": {"items": {"type": "integer"}}}, "required": ["b"]});
        let mistakes = Schema::compile(&schema)
            .unwrap()
            .mistakes(&json!({"a": [1, "x"]}));
        let places: Vec<_> = mistakes
            .iter()
            .map(|mistake| mistake.pointer.as_str())
            .collect();
        assert_eq!(places.len(), 2);
        assert!(
            places.contains(&"/a/1") && places.contains(&""),
            "{places:?}"
        );
    }

    #[test]
    fn references_beyond_the_schema_are_refused() {
        for target in [
            "http://example.com/s.json",
            "file:///etc/passwd",
            "other.json",
            "//host/x",
            "",
        ] {
            let schema = json!({"type": "object", "properties": {"a": {"$ref": target}}});
            assert!(
                Schema::compile(&schema).unwrap_err().contains("refers to"),
                "{target}"
            );
        }
        let local = json!({"$ref": "#/$defs/a", "$defs": {"a": {"type": "object"}}});
        assert!(Schema::compile(&local).is_ok());
        let data = json!({"const": {"$ref": "http://example.com"}});
        assert!(Schema::compile(&data).is_ok());
    }

    #[test]
    fn a_pattern_that_backtracks_elsewhere_is_linear_here() {
        let schema = json!({"type": "object", "properties": {"a": {"pattern": "^(a+)+$"}}});
        let value = json!({"a": format!("{}b", "a".repeat(100_000))});
        assert_eq!(Schema::compile(&schema).unwrap().mistakes(&value).len(), 1);
    }

    #[test]
    fn patterns_that_need_backtracking_are_refused() {
        for pattern in ["(a)\\1", "(?=a)b", "(((a{0,1000}){0,1000}){0,1000})"] {
            assert!(
                Schema::compile(&json!({"pattern": pattern})).is_err(),
                "{pattern}"
            );
        }
    }

    #[test]
    fn a_schema_that_doubles_at_every_level_does_not_hang() {
        let branch = json!([{"$ref": "#/$defs/n"}, {"$ref": "#/$defs/n", "title": "again"}]);
        let node = json!({"type": "object", "properties": {"a": {"anyOf": branch}}});
        let schema = Schema::compile(&json!({"$ref": "#/$defs/n", "$defs": {"n": node}})).unwrap();
        let nested = |depth| (0..depth).fold(json!("bad"), |inner, _| json!({"a": inner}));
        assert_eq!(schema.mistakes(&nested(2)).len(), 1);
        assert!(
            schema.mistakes(&nested(100))[0]
                .problem
                .contains("nested too deep")
        );
    }

    #[test]
    fn a_deep_tree_without_branching_schemas_is_no_trouble() {
        let child = json!({"$ref": "#"});
        let schema = Schema::compile(
            &json!({"type": "object", "properties": {"left": child, "right": child}}),
        )
        .unwrap();
        let tree = (0..100).fold(json!({}), |inner, _| json!({"left": inner, "right": {}}));
        assert_eq!(schema.mistakes(&tree), []);
    }

    #[test]
    fn another_dialect_is_refused() {
        let schema = json!({"$schema": "http://json-schema.org/draft-07/schema#"});
        assert!(Schema::compile(&schema).unwrap_err().contains("dialect"));
    }

    #[test]
    fn a_long_value_is_cut_in_the_message() {
        let schema = Schema::compile(&json!({"type": "object"})).unwrap();
        let problem = &schema.mistakes(&json!("x".repeat(10_000)))[0].problem;
        assert!(problem.chars().count() <= MISTAKE_CHARS + 1);
    }
}
