#![allow(unused)]

use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::stream;

#[plugin_tool]
fn count() -> impl Stream<Item = u32> {
    stream::iter([1, 2, 3])
}

fn main() {}
