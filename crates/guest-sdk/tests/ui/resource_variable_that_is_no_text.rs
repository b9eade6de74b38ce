#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_resource(template = "notes://{day}")]
fn of_day(day: Vec<u8>) -> String {
    String::new()
}

fn main() {}
