//! Offers a template, and describes a variable that it does not have.

#[path = "common/offers.rs"]
mod common;

use common::{Offers, template};

fn offers() -> Offers {
    Offers {
        templates: vec![template("notes://{day}", &["day", "hour"])],
        ..Offers::default()
    }
}
