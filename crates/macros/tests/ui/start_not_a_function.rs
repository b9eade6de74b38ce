#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_start]
const START: u8 = 1;

fn main() {}
