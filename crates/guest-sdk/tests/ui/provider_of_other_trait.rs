#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[derive(Default)]
struct Parrot;

#[plugin_provider(name = "parrot")]
impl Clone for Parrot {
    fn clone(&self) -> Self {
        Self
    }
}

fn main() {}
