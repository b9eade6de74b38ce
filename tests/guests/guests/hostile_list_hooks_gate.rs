//! Would stop what has happened already.

#[path = "common/subscriptions.rs"]
mod common;

use common::{Mode, Subscription, subscription};

fn subscriptions() -> Vec<Subscription> {
    vec![
        subscription("message-sent", "watch", Mode::Observe),
        subscription("message-sent", "unsend", Mode::Gate),
    ]
}
