#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_role]
async fn designer() -> Role {
    Role::default()
}

fn main() {}
