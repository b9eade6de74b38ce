#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_type(Debug)]
struct Greeting;

fn main() {}
