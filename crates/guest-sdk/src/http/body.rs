//! What a request sends.

use std::fmt;
use std::pin::Pin;

use bytes::Bytes;
use futures::stream::{self, Stream, StreamExt};

use super::Error;

/// The bytes of a request or a response, piece by piece.
pub(crate) type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes, Error>>>>;

/// What a request sends: text, bytes, or a stream of them.
pub struct Body(pub(crate) Source);

pub(crate) enum Source {
    Bytes(Bytes),
    Stream(Pieces),
    /// It was a stream, and is sent.
    Spent,
}

impl Body {
    /// A body that is sent piece by piece, as `pieces` gives them. An error breaks the upload off, so that the server
    /// can't take what came before for the whole.
    ///
    /// ```no_run
    /// # async fn upload() -> Result<(), portcullis_guest_sdk::ToolError> {
    /// use portcullis_guest_sdk::futures::stream;
    /// use portcullis_guest_sdk::http::{self, Body};
    ///
    /// let lines = stream::iter((1..=1_000).map(|line| Ok::<_, std::io::Error>(format!("{line}\n"))));
    /// http::post("https://example.com/lines").body(Body::stream(lines)).send().await?.error_for_status()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn stream<B, E>(pieces: impl Stream<Item = Result<B, E>> + 'static) -> Self
    where
        B: Into<Bytes>,
        E: std::error::Error,
    {
        let pieces = pieces.map(|piece| match piece {
            Ok(bytes) => Ok(bytes.into()),
            Err(error) => Err(Error::Body {
                reason: error.to_string(),
            }),
        });
        Self(Source::Stream(Box::pin(pieces)))
    }

    pub(super) fn empty() -> Self {
        Self(Source::Bytes(Bytes::new()))
    }

    /// Its length, where that is known before it is sent.
    pub(super) fn len(&self) -> Option<usize> {
        match &self.0 {
            Source::Bytes(bytes) => Some(bytes.len()),
            Source::Stream(_) | Source::Spent => None,
        }
    }

    /// What to send now, if anything.
    ///
    /// # Errors
    /// It was a stream, and went with an earlier request.
    pub(super) fn take(&mut self) -> Result<Option<Pieces>, Spent> {
        match &mut self.0 {
            Source::Bytes(bytes) if bytes.is_empty() => Ok(None),
            Source::Bytes(bytes) => {
                let bytes = bytes.clone();
                Ok(Some(Box::pin(stream::once(async { Ok(bytes) }))))
            }
            source => match std::mem::replace(source, Source::Spent) {
                Source::Stream(pieces) => Ok(Some(pieces)),
                _ => Err(Spent),
            },
        }
    }
}

/// The body is not there a second time.
pub(super) struct Spent;

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.len() {
            Some(len) => write!(f, "Body({len} bytes)"),
            None => f.write_str("Body(stream)"),
        }
    }
}

macro_rules! bodies {
    ($($given:ty),*) => {
        $(impl From<$given> for Body {
            fn from(given: $given) -> Self {
                Self(Source::Bytes(given.into()))
            }
        })*
    };
}

bodies!(Bytes, Vec<u8>, String, &'static str, &'static [u8]);
