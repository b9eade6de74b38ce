//! What comes in pieces.

use futures::StreamExt;
use futures::stream::{self, Stream};
use wit_bindgen::{StreamReader, StreamResult};

use crate::stream::AHEAD;

/// A stream of the host's, read in batches.
pub(crate) fn pieces<T: 'static>(input: StreamReader<T>) -> impl Stream<Item = T> {
    stream::unfold(input, |mut input| async {
        match input.read(Vec::with_capacity(AHEAD)).await {
            (StreamResult::Complete(_), batch) => Some((stream::iter(batch), input)),
            (StreamResult::Dropped | StreamResult::Cancelled, _) => None,
        }
    })
    .flatten()
}
