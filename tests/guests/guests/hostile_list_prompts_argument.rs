//! Offers a prompt that wants to know one thing twice.

#[path = "common/offers.rs"]
mod common;

use common::{Offers, prompt};

fn offers() -> Offers {
    Offers {
        prompts: vec![prompt("review", &["code", "code"])],
        ..Offers::default()
    }
}
