//! A whole answer.

use futures::StreamExt as _;
use portcullis_contract::chat::{ChatError, Finish, Message, codes};
use portcullis_host_core::Assembler;

use super::{ChatEvent, ChatStream, complete};

/// Gathers an answer to its end.
///
/// # Errors
/// The answer's own, and [`codes::BROKEN`] where it breaks off or [`Assembler`] can't put it together.
pub async fn collect(answer: ChatStream) -> Result<(Message, Finish), ChatError> {
    let mut answer = complete(answer);
    let mut assembler = Assembler::default();
    loop {
        match answer.next().await {
            Some(Ok(ChatEvent::Delta(delta))) => assembler.push(delta)?,
            Some(Ok(ChatEvent::Finish(finish))) => return Ok((assembler.finish()?, finish)),
            Some(Err(error)) => return Err(error),
            None => return Err(ChatError::new(codes::BROKEN, "the answer has no end")),
        }
    }
}
