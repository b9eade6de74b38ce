#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_role]
fn designer() -> String {
    "You design.".into()
}

fn main() {}
