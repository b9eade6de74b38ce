//! The export for tools that work in pieces.

use futures::StreamExt;
use futures::stream::{self, Stream};
use wit_bindgen::{FutureReader, StreamReader, StreamResult};

use super::tool_types::{Content, ToolCall, ToolError, ToolEvent, ToolOutput};
use super::{Plugin, exports, wit_future, wit_stream};
use crate::rt;
use crate::stream::{EVENTS_AHEAD, InputStream};

impl exports::portcullis::tool::streaming_tools::Guest for Plugin {
    async fn call_streaming(
        call: ToolCall,
        input: StreamReader<Content>,
    ) -> Result<
        (
            StreamReader<ToolEvent>,
            FutureReader<Result<ToolOutput, ToolError>>,
        ),
        ToolError,
    > {
        let streamed = rt::call_streaming(call, InputStream::new(pieces(input)))?;
        let (mut events, events_reader) = wit_stream::new();
        let (result, result_reader) =
            wit_future::new(|| Err(ToolError::internal("the call ended without a result")));
        // The call has answered once its streams are handed over; the work goes on beside it.
        wit_bindgen::spawn_local(async move {
            let output = rt::drive(streamed, async move |batch| {
                events.write_all(batch).await.is_empty()
            })
            .await;
            // Nobody waits for the result of a call that was given up.
            let _ = result.write(output).await;
        });
        Ok((events_reader, result_reader))
    }
}

/// The caller's input, read in batches.
fn pieces(input: StreamReader<Content>) -> impl Stream<Item = Content> {
    stream::unfold(input, |mut input| async {
        match input.read(Vec::with_capacity(EVENTS_AHEAD)).await {
            (StreamResult::Complete(_), batch) => Some((stream::iter(batch), input)),
            (StreamResult::Dropped | StreamResult::Cancelled, _) => None,
        }
    })
    .flatten()
}
