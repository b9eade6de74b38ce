//! Content codings of responses. The gate never decompresses; this decoder runs inside the sandbox, within its memory.

use std::io::Write;

use flate2::write::MultiGzDecoder;
use flate2::{Decompress, FlushDecompress, Status};

use super::{Error, HeaderMap, header};

/// Compressed bytes that are decoded at once. Deflate gives at most about 1,000 times what it takes, so a bomb is found at
/// most a megabyte too late.
const STEP: usize = 1024;

/// Undoes one coding.
pub(super) enum Decoder {
    Gzip(MultiGzDecoder<Vec<u8>>),
    Deflate(Inflater),
}

impl Decoder {
    /// The decoder for a response, whose headers then tell of the decoded body.
    pub(super) fn of(headers: &mut HeaderMap) -> Result<Option<Self>, Error> {
        let Some(coding) = headers.get(header::CONTENT_ENCODING) else {
            return Ok(None);
        };
        let decoder = match coding.as_bytes().to_ascii_lowercase().as_slice() {
            b"" | b"identity" => return Ok(None),
            b"gzip" | b"x-gzip" => Self::Gzip(MultiGzDecoder::new(Vec::new())),
            b"deflate" => Self::Deflate(Inflater::new()),
            _ => {
                return Err(unreadable(format!(
                    "it is encoded as {coding:?}, which was not asked for"
                )));
            }
        };
        headers.remove(header::CONTENT_ENCODING);
        headers.remove(header::CONTENT_LENGTH);
        Ok(Some(decoder))
    }

    /// Decodes a piece, and gives at most `limit` bytes and what one step adds.
    pub(super) fn push(&mut self, piece: &[u8], limit: u64) -> Result<Vec<u8>, Error> {
        for step in piece.chunks(STEP) {
            match self {
                Self::Gzip(decoder) => decoder.write_all(step).map_err(damaged)?,
                Self::Deflate(decoder) => decoder.push(step)?,
            }
            if self.output().len() as u64 > limit {
                break;
            }
        }
        Ok(std::mem::take(self.output()))
    }

    /// Checks that what was decoded was all of it, and gives the rest.
    pub(super) fn finish(&mut self) -> Result<Vec<u8>, Error> {
        match self {
            Self::Gzip(decoder) => decoder.try_finish().map_err(damaged)?,
            Self::Deflate(decoder) => decoder.finish()?,
        }
        Ok(std::mem::take(self.output()))
    }

    fn output(&mut self) -> &mut Vec<u8> {
        match self {
            Self::Gzip(decoder) => decoder.get_mut(),
            Self::Deflate(decoder) => &mut decoder.output,
        }
    }
}

/// Not flate2's writer: that takes a body that was cut for a whole one.
pub(super) struct Inflater {
    state: Decompress,
    output: Vec<u8>,
    ended: bool,
}

impl Inflater {
    fn new() -> Self {
        Self {
            state: Decompress::new(true),
            output: Vec::new(),
            ended: false,
        }
    }

    fn push(&mut self, mut input: &[u8]) -> Result<(), Error> {
        while !self.ended {
            let before = self.state.total_in();
            self.output.reserve(STEP);
            let status = self
                .state
                .decompress_vec(input, &mut self.output, FlushDecompress::None)
                .map_err(damaged)?;
            input = &input[(self.state.total_in() - before) as usize..];
            self.ended = status == Status::StreamEnd;
            // Room that is left over means that there is no more to come.
            if input.is_empty() && self.output.len() < self.output.capacity() {
                break;
            }
        }
        Ok(())
    }

    fn finish(&self) -> Result<(), Error> {
        if self.ended {
            Ok(())
        } else {
            Err(damaged("it ends too early"))
        }
    }
}

fn damaged(error: impl std::fmt::Display) -> Error {
    unreadable(format!("its compressed body is damaged: {error}"))
}

fn unreadable(reason: String) -> Error {
    Error::Decode { reason }
}
