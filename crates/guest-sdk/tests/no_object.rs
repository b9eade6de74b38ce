//! A tool whose arguments are no object, which only its definition can tell. Alone here: it spoils the whole list.

use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::testing::tools;

/// Takes a list where an object must be.
#[plugin_tool]
fn list(#[args] numbers: Vec<u8>) {
    drop(numbers);
}

#[test]
#[should_panic = "the #[args] of the tool `list` is no JSON object; take a struct with named fields"]
fn arguments_that_are_no_object_are_refused_in_words() {
    tools();
}
