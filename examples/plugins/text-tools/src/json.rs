//! Parts and changes of JSON documents.

use json_patch::{Patch, jsonptr::Pointer};
use portcullis_guest_sdk::prelude::*;
use serde_json::Value;

/// A value inside a document.
#[plugin_type]
#[derive(Debug)]
pub struct Found {
    pub value: Value,
}

/// A document after its changes.
#[plugin_type]
#[derive(Debug)]
pub struct Patched {
    pub document: Value,
}

/// Finds the value that a JSON Pointer (RFC 6901) names.
#[plugin_tool(read_only)]
pub fn json_pointer(
    /// Any JSON value.
    document: Value,
    /// Such as `/items/0/name`; empty for the whole document, with `~1` for a slash and `~0` for a tilde in a name.
    pointer: String,
) -> Result<Found, ToolError> {
    let path = Pointer::parse(&pointer).map_err(|error| {
        ToolError::invalid_arguments(format!("`{pointer}` is not a JSON Pointer: {error}"))
    })?;
    match path.resolve(&document) {
        Ok(value) => Ok(Found {
            value: value.clone(),
        }),
        Err(error) => {
            let (there, missing) = pointer.split_at(error.offset());
            let there = if there.is_empty() {
                "the document"
            } else {
                there
            };
            Err(ToolError::not_found(format!(
                "nothing at `{pointer}`: {there} has no `{missing}`"
            )))
        }
    }
}

/// Applies a JSON Patch (RFC 6902) as a whole, or not at all.
#[plugin_tool(read_only)]
pub fn json_patch(
    /// Any JSON value.
    mut document: Value,
    /// The changes, in order.
    patch: Patch,
) -> Result<Patched, ToolError> {
    json_patch::patch(&mut document, &patch)
        .map_err(|error| ToolError::conflict(error.to_string()))?;
    Ok(Patched { document })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shop() -> Value {
        json!({ "items": [{ "name": "pear" }, { "name": "a/b" }], "a/b": 1 })
    }

    fn patch(operations: Value) -> Patch {
        serde_json::from_value(operations).expect("a patch")
    }

    #[test]
    fn a_pointer_finds_values_of_objects_and_arrays() {
        let find = |pointer: &str| {
            json_pointer(shop(), pointer.into())
                .expect("it is there")
                .value
        };
        assert_eq!(find("/items/0/name"), "pear");
        assert_eq!(find("/a~1b"), 1);
        assert_eq!(find(""), shop());
    }

    #[test]
    fn a_pointer_to_nothing_says_how_far_it_led() {
        let error = json_pointer(shop(), "/items/0/price".into()).unwrap_err();
        assert_eq!(
            error.message,
            "nothing at `/items/0/price`: /items/0 has no `/price`"
        );
        let error = json_pointer(shop(), "/shelves".into()).unwrap_err();
        assert_eq!(
            error.message,
            "nothing at `/shelves`: the document has no `/shelves`"
        );
    }

    #[test]
    fn a_pointer_has_to_start_with_a_slash() {
        let error = json_pointer(shop(), "items".into()).unwrap_err();
        assert_eq!(error.code, "invalid-arguments");
    }

    #[test]
    fn a_patch_is_applied_in_order() {
        let changes = patch(json!([
            { "op": "test", "path": "/a~1b", "value": 1 },
            { "op": "remove", "path": "/a~1b" },
            { "op": "move", "from": "/items/1", "path": "/last" },
            { "op": "add", "path": "/items/-", "value": 5 },
        ]));
        let patched = json_patch(shop(), changes).expect("it applies");
        assert_eq!(
            patched.document,
            json!({ "items": [{ "name": "pear" }, 5], "last": { "name": "a/b" } })
        );
    }

    #[test]
    fn a_patch_that_does_not_apply_names_the_operation() {
        let error = json_patch(
            shop(),
            patch(json!([{ "op": "remove", "path": "/shelves" }])),
        )
        .unwrap_err();
        assert_eq!(error.code, "conflict");
        assert!(error.message.contains("/shelves"), "{}", error.message);
    }
}
