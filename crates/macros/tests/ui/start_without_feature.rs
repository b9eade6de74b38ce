#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_start]
fn start() {}

fn main() {}
