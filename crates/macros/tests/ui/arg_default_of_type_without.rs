#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_type]
enum Language {
    English,
}

#[plugin_tool]
fn greet(#[arg(default)] language: Language) {}

fn main() {}
