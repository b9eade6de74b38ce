#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_prompt]
fn open(größe: String) -> String {
    größe
}

fn main() {}
