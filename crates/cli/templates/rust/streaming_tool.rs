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

#[cfg(test)]
mod tests {
    use portcullis_guest_sdk::testing::{Host, json};

    #[test]
    fn counts_from_1() {
        let input: [&str; 0] = [];
        let streamed = Host::new().call_streaming("count", json!({ "to": 3 }), input);
        assert_eq!(streamed.texts(), ["1", "2", "3"]);
    }
}
