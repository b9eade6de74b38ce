//! Stands on a point that there is not, whose name has an escape sequence in it.

#[path = "common/subscriptions.rs"]
mod common;

use common::{Mode, Subscription, subscription};

fn subscriptions() -> Vec<Subscription> {
    vec![subscription(
        "before-tool-call\u{1b}[2J",
        "watch",
        Mode::Observe,
    )]
}
