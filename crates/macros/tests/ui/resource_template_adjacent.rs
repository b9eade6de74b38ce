#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_resource(template = "notes://{day}{hour}")]
fn of_hour(day: String, hour: String) -> String {
    day
}

fn main() {}
