//! Streaming tools in every shape, all of them right.

use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::stream::{self, Stream};

#[path = "common/clock.rs"]
mod clock;

/// Counts from 1.
#[plugin_tool(read_only)]
fn count(to: u32) -> impl Stream<Item = String> {
    stream::iter((1..=to).map(|number| number.to_string()))
}

/// Counts from 1 and fails at the end.
#[plugin_tool(read_only)]
fn count_and_fail(to: u32) -> impl Stream<Item = Result<String, ToolError>> {
    let numbers = (1..=to).map(|number| Ok(number.to_string()));
    stream::iter(numbers.chain([Err(ToolError::unavailable("there are no more numbers"))]))
}

/// Counts from 1 slowly, and says how far it is.
#[plugin_tool(read_only)]
async fn count_slowly(
    to: u32,
    ms: u64,
    ctx: Context,
    mut out: OutputStream,
) -> Result<String, ToolError> {
    for number in 1..=to {
        clock::wait(ms).await;
        ctx.progress(number.into(), Some(to.into()), None);
        out.send(number.to_string()).await?;
    }
    Ok(format!("counted to {to}"))
}

/// Gives back each piece of its input, as it comes.
#[plugin_tool(read_only)]
async fn echo(mut input: InputStream, mut out: OutputStream) -> Result<u64, ToolError> {
    let mut pieces = 0;
    while let Some(piece) = input.next().await {
        out.send(piece).await?;
        pieces += 1;
    }
    Ok(pieces)
}

/// Adds up the lengths of its input's pieces.
#[plugin_tool(read_only)]
async fn measure(mut input: InputStream) -> usize {
    let mut bytes = 0;
    while let Some(piece) = input.next().await {
        bytes += match piece {
            Content::Text(text) => text.len(),
            Content::Blob(blob) => blob.data.len(),
            _ => 0,
        };
    }
    bytes
}

/// Takes the first piece of its input and leaves the rest.
#[plugin_tool(read_only)]
async fn first(mut input: InputStream) -> Option<String> {
    input
        .next()
        .await
        .and_then(|piece| piece.as_text().map(str::to_owned))
}

/// Does not stream, in a plugin whose other tools do.
#[plugin_tool(read_only)]
fn plain(text: String) -> String {
    text
}
