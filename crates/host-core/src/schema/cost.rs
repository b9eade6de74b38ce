//! How much work a validator has with a value. It keeps no memory of what it has seen, so a recursive schema that branches takes
//! time exponential in the value's depth; counting with a memory takes time linear in both.

use std::collections::HashMap;

use serde_json::Value;

/// How many values there are in `value`, itself and everything within.
pub(super) fn places(value: &Value) -> u64 {
    1 + match value {
        Value::Array(items) => items.iter().map(places).sum(),
        Value::Object(object) => object.values().map(places).sum(),
        _ => 0,
    }
}

/// How often a schema without recursion looks at one place at most: the number of its subschemas, each as often as it is
/// referred to. None for a schema with recursion.
pub(super) fn fixed(schema: &Value) -> Option<u64> {
    Fixed {
        root: schema,
        known: HashMap::new(),
    }
    .of(schema)
}

/// A subschema's count, or none while it is being counted: meeting it again is recursion.
struct Fixed<'a> {
    root: &'a Value,
    known: HashMap<*const Value, Option<u64>>,
}

impl<'a> Fixed<'a> {
    fn of(&mut self, schema: &'a Value) -> Option<u64> {
        if let Some(known) = self.known.get(&std::ptr::from_ref(schema)) {
            return *known;
        }
        self.known.insert(schema, None);
        let mut total = 1_u64;
        for (keyword, value) in schema.as_object().into_iter().flatten() {
            match keyword.as_str() {
                "$defs" | "definitions" | "const" | "enum" | "default" | "examples" => {}
                "$ref" | "$dynamicRef" => {
                    total = total.saturating_add(self.of(resolve(self.root, value)?)?)
                }
                _ => total = total.saturating_add(self.within(value)?),
            }
        }
        self.known.insert(schema, Some(total));
        Some(total)
    }

    /// Whatever a keyword holds – a schema, a list or a table of schemas, or no schema at all – counts no less than it takes.
    fn within(&mut self, value: &'a Value) -> Option<u64> {
        match value {
            Value::Object(_) => self.of(value),
            Value::Array(items) => items.iter().try_fold(0_u64, |sum, item| {
                Some(sum.saturating_add(self.within(item)?))
            }),
            _ => Some(1),
        }
    }
}

/// How many evaluations of a subschema at a place checking `value` takes, if every branch is tried.
pub(super) fn evaluations(schema: &Value, value: &Value) -> u64 {
    Counter {
        root: schema,
        known: HashMap::new(),
    }
    .of(schema, value)
}

struct Counter<'a> {
    root: &'a Value,
    known: HashMap<(*const Value, *const Value), u64>,
}

impl<'a> Counter<'a> {
    fn of(&mut self, schema: &'a Value, value: &'a Value) -> u64 {
        let key = (std::ptr::from_ref(schema), std::ptr::from_ref(value));
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        // A reference that leads back to itself at one place is evaluated once.
        self.known.insert(key, 1);
        let mut total = 1_u64;
        for (keyword, argument) in schema.as_object().into_iter().flatten() {
            total = total.saturating_add(self.keyword(keyword, argument, value));
        }
        self.known.insert(key, total);
        total
    }

    fn keyword(&mut self, keyword: &str, argument: &'a Value, value: &'a Value) -> u64 {
        match keyword {
            "$ref" | "$dynamicRef" => match resolve(self.root, argument) {
                Some(target) => self.of(target, value),
                None => u64::MAX,
            },
            "allOf" | "anyOf" | "oneOf" => self.sum(
                argument
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|sub| (sub, value)),
            ),
            "not" | "if" | "then" | "else" => self.of(argument, value),
            "dependentSchemas" => self.sum(
                argument
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(_, sub)| (sub, value)),
            ),
            "properties" => {
                let named = argument.as_object().into_iter().flatten();
                self.sum(named.filter_map(|(name, sub)| Some((sub, value.get(name)?))))
            }
            "patternProperties" => {
                let patterns = argument.as_object().into_iter().flatten();
                self.sum(
                    patterns.flat_map(|(_, sub)| members(value).map(move |member| (sub, member))),
                )
            }
            "prefixItems" => {
                let items = value.as_array().into_iter().flatten();
                self.sum(argument.as_array().into_iter().flatten().zip(items))
            }
            "items" | "contains" | "unevaluatedItems" => self.sum(
                value
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|item| (argument, item)),
            ),
            "additionalProperties" | "unevaluatedProperties" => {
                self.sum(members(value).map(|member| (argument, member)))
            }
            // A name is a string: whatever the schema, it looks at it no more often than at a place without members.
            "propertyNames" => {
                let names = members(value).count() as u64;
                names.saturating_mul(self.of(argument, &Value::Null))
            }
            _ => 0,
        }
    }

    fn sum(&mut self, pairs: impl Iterator<Item = (&'a Value, &'a Value)>) -> u64 {
        pairs.fold(0, |sum: u64, (schema, value)| {
            sum.saturating_add(self.of(schema, value))
        })
    }
}

fn members(value: &Value) -> impl Iterator<Item = &Value> {
    value
        .as_object()
        .into_iter()
        .flat_map(serde_json::Map::values)
}

/// The subschema that a reference within `root` names: by JSON pointer, or by anchor.
fn resolve<'a>(root: &'a Value, reference: &Value) -> Option<&'a Value> {
    let fragment = reference.as_str()?.strip_prefix('#')?;
    if fragment.is_empty() || fragment.starts_with('/') {
        return root.pointer(
            &percent_encoding::percent_decode_str(fragment)
                .decode_utf8()
                .ok()?,
        );
    }
    anchored(root, fragment)
}

fn anchored<'a>(schema: &'a Value, name: &str) -> Option<&'a Value> {
    match schema {
        Value::Object(object) => {
            let here = ["$anchor", "$dynamicAnchor"]
                .iter()
                .any(|key| object.get(*key).and_then(Value::as_str) == Some(name));
            if here {
                Some(schema)
            } else {
                object.values().find_map(|value| anchored(value, name))
            }
        }
        Value::Array(items) => items.iter().find_map(|item| anchored(item, name)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_flat_schema_costs_as_much_as_its_subschemas() {
        let schema = json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {"$ref": "#/$defs/c"}}, "$defs": {"c": {}}});
        assert!(fixed(&schema).unwrap() >= 5);
        assert_eq!(evaluations(&schema, &json!({"a": "x", "b": 1, "c": 2})), 4);
    }

    #[test]
    fn recursion_has_no_fixed_cost_and_doubles_where_it_branches() {
        let schema = json!({"properties": {"a": {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}}});
        assert_eq!(fixed(&schema), None);
        let nested = |depth| (0..depth).fold(json!(1), |inner, _| json!({"a": inner}));
        assert!(evaluations(&schema, &nested(40)) > 1 << 40);
        assert_eq!(evaluations(&schema, &nested(100)), u64::MAX);
    }

    #[test]
    fn references_that_double_without_recursion_are_counted_out() {
        let mut definitions = serde_json::Map::new();
        for n in 0..70 {
            let next = format!("#/$defs/d{}", n + 1);
            definitions.insert(
                format!("d{n}"),
                json!({"allOf": [{"$ref": next}, {"$ref": next}]}),
            );
        }
        definitions.insert("d70".into(), json!({}));
        let schema = json!({"$ref": "#/$defs/d0", "$defs": definitions});
        assert_eq!(fixed(&schema), Some(u64::MAX));
        assert_eq!(evaluations(&schema, &json!(1)), u64::MAX);
    }

    #[test]
    fn a_reference_is_found_by_pointer_and_by_anchor() {
        let schema = json!({"$defs": {"a/b": {"$anchor": "here", "title": "x"}}});
        assert_eq!(
            resolve(&schema, &json!("#/$defs/a~1b")).unwrap()["title"],
            "x"
        );
        assert_eq!(
            resolve(&schema, &json!("#/%24defs/a~1b")).unwrap()["title"],
            "x"
        );
        assert_eq!(resolve(&schema, &json!("#here")).unwrap()["title"], "x");
        assert_eq!(resolve(&schema, &json!("#")), Some(&schema));
        assert_eq!(resolve(&schema, &json!("#nowhere")), None);
    }
}
