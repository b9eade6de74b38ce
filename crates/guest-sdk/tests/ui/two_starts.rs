#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_start]
fn start() {}

mod other {
    use portcullis_guest_sdk::prelude::*;

    #[plugin_start]
    fn begin() {}
}

fn main() {}
