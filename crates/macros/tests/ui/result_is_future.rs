#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_tool]
fn greet() -> impl Future<Output = String> {
    async { "Hello!".to_owned() }
}

fn main() {}
