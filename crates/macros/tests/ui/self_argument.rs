#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

struct Greeter;

impl Greeter {
    #[plugin_tool]
    fn greet(&self, name: String) {}
}

fn main() {}
