#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_resource(uri = "notes://today")]
const TODAY: &str = "Rest.";

fn main() {}
