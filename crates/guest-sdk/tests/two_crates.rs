//! Two tools of one name from two crates, which no macro can see. Alone here: they spoil the whole list.

use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::rt::{Tool, inventory};
use portcullis_guest_sdk::testing::tools;

/// Greets.
#[plugin_tool]
fn greet() {}

// What the macro makes of a tool in another crate.
inventory::submit! {
    Tool {
        name: "greet",
        title: None,
        description: "",
        annotations: &[],
        describe: |_| {},
        run: |_| Box::pin(async { Ok(ToolOutput::default()) }),
    }
}

#[test]
#[should_panic = "two tools of this plugin are called `greet`; give one another name"]
fn two_tools_of_one_name_are_refused_in_words() {
    tools();
}
