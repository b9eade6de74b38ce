//! Offers a resource at no absolute address.

#[path = "common/offers.rs"]
mod common;

use common::{Offers, resource};

fn offers() -> Offers {
    Offers {
        resources: vec![resource("../today", "today")],
        ..Offers::default()
    }
}
