//! A response, whose body is still to be read.

use std::fmt;

use bytes::Bytes;
use futures::stream::{self, Stream, StreamExt};
use serde::de::DeserializeOwned;

use super::decode::Decoder;
use super::{Error, HeaderMap, Incoming, Pieces, StatusCode, Uri};

/// What is read of a response unless [`Request::max_bytes`](super::Request::max_bytes) says otherwise: 16 MiB, more than
/// APIs answer, and little beside the memory that an instance has.
pub const MAX_BYTES: u64 = 16 << 20;

/// A server's answer. Its body comes while it is read; a response that is dropped ends it.
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// Where it came from, after all redirects.
    pub url: Uri,
    body: Reader,
}

struct Reader {
    pieces: Pieces,
    decoder: Option<Decoder>,
    /// An empty body is not decoded: it is no gzip file, and none is missing where there is no body.
    began: bool,
    left: u64,
    max_bytes: u64,
    ended: bool,
}

impl Response {
    pub(super) fn new(
        url: Uri,
        incoming: Incoming,
        max_bytes: u64,
        decodes: bool,
    ) -> Result<Self, Error> {
        let mut headers = incoming.headers;
        let decoder = if decodes {
            Decoder::of(&mut headers)?
        } else {
            None
        };
        Ok(Self {
            status: incoming.status,
            headers,
            url,
            body: Reader {
                pieces: incoming.body,
                decoder,
                began: false,
                left: max_bytes,
                max_bytes,
                ended: false,
            },
        })
    }

    /// The response, unless its status is 400 or more.
    ///
    /// # Errors
    /// [`Error::Status`]; the body is not read.
    pub fn error_for_status(self) -> Result<Self, Error> {
        if self.status.is_client_error() || self.status.is_server_error() {
            return Err(Error::Status {
                status: self.status,
            });
        }
        Ok(self)
    }

    /// The whole body.
    ///
    /// # Errors
    /// [`Error::TooLarge`] beyond the limit, [`Error::Decode`] if it is damaged, or what breaks it off.
    pub async fn bytes(mut self) -> Result<Bytes, Error> {
        let mut body = Vec::new();
        while let Some(piece) = self.chunk().await? {
            body.extend_from_slice(&piece);
        }
        Ok(body.into())
    }

    /// The whole body as text, which is UTF-8.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes); [`Error::Decode`] if it is not UTF-8.
    pub async fn text(self) -> Result<String, Error> {
        String::from_utf8(self.bytes().await?.into()).map_err(|error| Error::Decode {
            reason: format!("it is no UTF-8 text: {}", error.utf8_error()),
        })
    }

    /// The whole body as the JSON of a `T`.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes); [`Error::Decode`] if it is no such JSON.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        serde_json::from_slice(&self.bytes().await?).map_err(|error| Error::Decode {
            reason: format!("it is not the JSON that was expected: {error}"),
        })
    }

    /// The body's next piece, or `None` at its end.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes).
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        self.body.next().await
    }

    /// The body, piece by piece, up to its end or the first error.
    pub fn chunks(self) -> impl Stream<Item = Result<Bytes, Error>> {
        stream::try_unfold(self.body, async |mut body| {
            let piece = body.next().await?;
            Ok(piece.map(|piece| (piece, body)))
        })
    }
}

impl Reader {
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        while !self.ended {
            let piece = match self.pieces.next().await.transpose()? {
                Some(piece) => self.decoded(piece)?,
                None => {
                    self.ended = true;
                    self.rest()?
                }
            };
            self.left = self.left.checked_sub(piece.len() as u64).ok_or_else(|| {
                self.ended = true;
                Error::TooLarge {
                    reason: format!(
                        "it has more than {} bytes; `max_bytes` sets how many may be read",
                        self.max_bytes
                    ),
                }
            })?;
            if !piece.is_empty() {
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }

    fn decoded(&mut self, piece: Bytes) -> Result<Bytes, Error> {
        let Some(decoder) = &mut self.decoder else {
            return Ok(piece);
        };
        self.began |= !piece.is_empty();
        Ok(decoder.push(&piece, self.left)?.into())
    }

    fn rest(&mut self) -> Result<Bytes, Error> {
        match &mut self.decoder {
            Some(decoder) if self.began => Ok(decoder.finish()?.into()),
            _ => Ok(Bytes::new()),
        }
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("headers", &self.headers)
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}
