//! Offers a template of a level that is not the contract's.

#[path = "common/offers.rs"]
mod common;

use common::{Offers, template};

fn offers() -> Offers {
    Offers {
        templates: vec![template("notes://{+path}", &["path"])],
        ..Offers::default()
    }
}
