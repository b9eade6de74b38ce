//! What comes in, and what goes out.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::timeout;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::reply::{self, Reply};

/// How long a client may take over sending one message.
const PATIENCE: Duration = Duration::from_secs(30);

/// One message whole.
pub(super) async fn read<B>(body: B, most: usize) -> Result<Bytes, Reply>
where
    B: Body<Data = Bytes> + Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let too_large = || {
        let why = format!("a message has at most {most} bytes");
        reply::plain(StatusCode::PAYLOAD_TOO_LARGE, why)
    };
    // What says that it is too large need not be read to find out.
    if body.size_hint().lower() > most as u64 {
        return Err(too_large());
    }
    match timeout(PATIENCE, Limited::new(body, most).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => {
            let why = "the message broke off";
            Err(reply::plain(StatusCode::BAD_REQUEST, why))
        }
        Err(_) => {
            let why = "the message took too long to come";
            Err(reply::plain(StatusCode::REQUEST_TIMEOUT, why))
        }
    }
}

/// The reply, counted as running until its body has gone out.
pub(super) fn tracked(reply: Reply, token: TaskTrackerToken) -> Reply {
    reply.map(|body| {
        let body = body.map_frame(move |frame| {
            let _running = &token;
            frame
        });
        body.boxed()
    })
}
