//! A model's answer as it comes in.

mod assembler;
mod convert;
mod size;

use futures::stream::BoxStream;
use portcullis_contract::chat::{ChatError, Delta, Finish, codes};

pub use assembler::{Assembler, MAX_ANSWER_BYTES, MAX_TOOL_USES};
pub use size::delta_size;
pub(crate) use size::request_size;

use crate::error::Error;

/// One thing that comes in while a model answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChatEvent {
    /// A piece of the answer.
    Delta(Delta),
    /// Its end. Nothing comes after it.
    Finish(Finish),
}

/// An answer in pieces: [`ChatEvent::Delta`]s, then one [`ChatEvent::Finish`], or an error after which nothing comes. One that
/// ends without either broke off. Dropping it ends the request.
pub type ChatStream = BoxStream<'static, Result<ChatEvent, ChatError>>;

/// A failure of a plugin as whoever asked it for an answer sees it: what is the host's to know is left out.
impl From<Error> for ChatError {
    fn from(error: Error) -> Self {
        let message = error.told();
        match error {
            Error::Chat(error) => error,
            Error::Busy { .. } | Error::DeadlineExceeded { .. } | Error::Stopped => {
                Self::unavailable(message)
            }
            Error::Denied { .. } => Self::new(codes::DENIED, message),
            Error::Cancelled => Self::new("cancelled", message),
            Error::BrokenContract { .. } => Self::new(codes::BROKEN, message),
            Error::UnknownProvider { .. } => Self::new(codes::NOT_FOUND, message),
            _ => Self::new(codes::INTERNAL, message),
        }
    }
}
