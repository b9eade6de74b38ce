#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_resource(template = "notes://{day}")]
fn of_day(day: impl ToString) -> String {
    day.to_string()
}

fn main() {}
