#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

struct Person;

#[plugin_tool]
fn greet(person: Person) {}

fn main() {}
