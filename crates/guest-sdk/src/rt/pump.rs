//! From a queue of pieces to whoever reads them.

use futures::StreamExt;
use futures::future::join;
use futures_core::Stream;

use crate::stream::AHEAD;

/// Drives work that gives `pieces` meanwhile and `result` at its end: hands the pieces on in batches with `write`, which says
/// whether anyone still reads.
pub async fn drive<T, R>(
    pieces: impl Stream<Item = T>,
    result: impl Future<Output = R>,
    mut write: impl AsyncFnMut(Vec<T>) -> bool,
) -> R {
    let pump = async move {
        let mut batches = std::pin::pin!(pieces.ready_chunks(AHEAD));
        while let Some(batch) = batches.next().await {
            if !write(batch).await {
                break;
            }
        }
    };
    let ((), result) = join(pump, result).await;
    result
}
