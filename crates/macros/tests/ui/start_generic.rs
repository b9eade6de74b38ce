#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_start]
fn start<T>(settings: T) {}

fn main() {}
