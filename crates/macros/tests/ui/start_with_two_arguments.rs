#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_start]
fn start(language: String, verbose: bool) {}

fn main() {}
