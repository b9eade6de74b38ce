#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_role(model = "large")]
fn designer() -> Role {
    Role::default()
}

fn main() {}
