//! A model's answer as it comes in.

use futures::stream::BoxStream;
use portcullis_contract::chat::{ChatError, Delta, Finish};

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
