#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_tool]
async fn greet(input: InputStream) {}

fn main() {}
