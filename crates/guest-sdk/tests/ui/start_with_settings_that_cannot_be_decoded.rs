#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

struct Settings;

#[plugin_start]
fn start(settings: Settings) {}

fn main() {}
