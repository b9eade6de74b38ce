//! Offers more prompts than anyone can choose from.

#[path = "common/offers.rs"]
mod common;

use common::{Offers, prompt};

fn offers() -> Offers {
    Offers {
        prompts: (0..100_000)
            .map(|number| prompt(&format!("prompt-{number}"), &[]))
            .collect(),
        ..Offers::default()
    }
}
