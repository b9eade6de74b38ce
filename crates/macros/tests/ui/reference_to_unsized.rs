#![allow(unused)]

use portcullis_guest_sdk::prelude::*;
use std::path::Path;

#[plugin_tool]
fn read(path: &Path) {}

fn main() {}
