#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_resource(uri = "notes://today", template = "notes://{day}")]
fn today(day: String) -> String {
    day
}

fn main() {}
