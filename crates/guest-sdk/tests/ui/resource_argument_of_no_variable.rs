#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_resource(template = "notes://{day}")]
fn of_day(day: String, hour: u8) -> String {
    day
}

fn main() {}
