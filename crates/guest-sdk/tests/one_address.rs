//! Two resources at one address, which no macro can see. Alone here: they spoil the whole list.

use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::testing::resources;

#[plugin_resource(uri = "notes://today")]
fn today() -> String {
    String::new()
}

#[plugin_resource(uri = "notes://today")]
fn now() -> String {
    String::new()
}

#[test]
#[should_panic = "two resources of this plugin, `now` and `today`, are at `notes://today`; give one another address"]
fn two_resources_at_one_address_are_refused_in_words() {
    resources();
}
