#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

struct Greeting;

#[plugin_tool]
async fn greet() -> Result<Greeting, ToolError> {
    Ok(Greeting)
}

fn main() {}
