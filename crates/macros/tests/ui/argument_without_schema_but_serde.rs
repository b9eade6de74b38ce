#![allow(unused)]

use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::serde::Deserialize;

#[derive(Deserialize)]
#[serde(crate = "portcullis_guest_sdk::serde")]
struct Person;

#[plugin_tool]
fn greet(person: Person) {}

fn main() {}
