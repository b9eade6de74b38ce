use portcullis_guest_sdk::prelude::*;

/// Greets a person by name.
#[plugin_tool]
fn greet(
    /// Who to greet.
    name: String,
) -> String {
    format!("Hello, {name}!")
}
