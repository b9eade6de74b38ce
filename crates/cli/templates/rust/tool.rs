//! A plugin: each function with `#[plugin_tool]` is a tool.

use portcullis_guest_sdk::prelude::*;

/// Greets a person by name.
#[plugin_tool(read_only)]
fn greet(
    /// Who to greet.
    name: String,
) -> String {
    format!("Hello, {name}!")
}

#[cfg(test)]
mod tests {
    use portcullis_guest_sdk::testing::{self, json};

    #[test]
    fn greets_by_name() {
        let output = testing::call("greet", json!({ "name": "World" })).unwrap();
        assert_eq!(output.text(), "Hello, World!");
    }
}
