//! A plugin with a tool that answers in pieces, each as soon as it is there.

use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::stream;

/// Counts from 1.
#[plugin_tool(read_only)]
fn count(
    /// The last number.
    to: u32,
) -> impl Stream<Item = String> {
    stream::iter((1..=to).map(|number| number.to_string()))
}
