//! Offers a prompt whose name is none.

#[path = "common/offers.rs"]
mod common;

use common::{Offers, prompt};

fn offers() -> Offers {
    Offers {
        prompts: vec![prompt("\u{1b}[31mreview", &[])],
        ..Offers::default()
    }
}
