#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

struct Greeter;

impl Greeter {
    #[plugin_tool]
    fn greet(name: String) {}
}

fn main() {}
