#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_resource(template = "notes://{+path}")]
fn at(path: String) -> String {
    path
}

fn main() {}
