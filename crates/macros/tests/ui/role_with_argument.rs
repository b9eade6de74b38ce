#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_role]
fn designer(language: String) -> Role {
    Role::default()
}

fn main() {}
