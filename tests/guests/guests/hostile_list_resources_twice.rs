//! Offers two resources at one address.

#[path = "common/offers.rs"]
mod common;

use common::{Offers, resource};

fn offers() -> Offers {
    Offers {
        resources: vec![
            resource("notes://today", "today"),
            resource("notes://today", "now"),
        ],
        ..Offers::default()
    }
}
