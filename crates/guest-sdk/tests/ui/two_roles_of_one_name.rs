#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_role]
fn designer() -> Role {
    Role::default()
}

#[plugin_role(name = "designer")]
fn other() -> Role {
    Role::default()
}

fn main() {}
