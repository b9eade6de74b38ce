#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_resource(template = "notes://{day}/{hour}")]
fn of_hour(hour: String) -> String {
    hour
}

fn main() {}
