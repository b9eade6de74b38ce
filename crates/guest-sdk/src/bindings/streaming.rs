//! The export for tools that work in pieces.

use wit_bindgen::{FutureReader, StreamReader};

use super::reading::pieces;
use super::tool_types::{Content, ToolCall, ToolError, ToolEvent, ToolOutput};
use super::{Plugin, exports, wit_future, wit_stream};
use crate::rt;
use crate::stream::InputStream;

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
            let output = rt::drive(streamed.events, streamed.result, async move |batch| {
                events.write_all(batch).await.is_empty()
            })
            .await;
            // Nobody waits for the result of a call that was given up.
            let _ = result.write(output).await;
        });
        Ok((events_reader, result_reader))
    }
}
