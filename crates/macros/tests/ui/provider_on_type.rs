#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_provider(name = "parrot")]
struct Parrot;

fn main() {}
