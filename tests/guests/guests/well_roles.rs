//! Brings two roles: one that says everything, and one that says no more than it has to.

use portcullis_guest_sdk::prelude::*;

#[plugin_role]
fn designer() -> Role {
    Role::new(
        "example-large",
        "You design interfaces. Ask before you draw.",
    )
    .tools(["org.example.canvas/draw", "org.example.canvas/erase"])
    .thinking_level("high")
}

#[plugin_role(name = "plain-speaker")]
fn plain() -> Role {
    Role::new("example-small", "You answer in one sentence.")
}
