//! The model providers of this plugin: every `#[plugin_provider]` submits one.

use std::marker::PhantomData;
use std::pin::Pin;

use futures::StreamExt;
use futures::channel::mpsc;
use futures::future::{Either, ready, select};
use futures::stream::Peekable;
use portcullis_contract::chat::{
    ChatError, ChatRequest, Delta, Finish, ModelInfo, ProviderDefinition, codes,
};

use super::entries::{self, Entry};
use crate::provider::ChatOutput;
use crate::stream::AHEAD;

/// Something that a provider is at.
pub type Asked<T> = Pin<Box<dyn Future<Output = Result<T, ChatError>>>>;

/// One annotated `impl`.
pub struct Provider {
    /// As the contract wants it; the macro has checked it.
    pub name: &'static str,
    /// From the attribute.
    pub title: Option<&'static str>,
    /// The doc comment.
    pub description: &'static str,
    /// Asks a new one for its models.
    pub models: fn() -> Asked<Vec<ModelInfo>>,
    /// Asks a new one for an answer.
    pub chat: fn(ChatRequest, ChatOutput) -> Asked<Finish>,
}

inventory::collect!(Provider);

impl Entry for Provider {
    const KIND: &'static str = "provider";

    fn name(&self) -> &'static str {
        self.name
    }
}

/// The definitions of all providers, by name.
///
/// # Panics
/// If two have one name, which the macro can see within a crate only.
pub fn providers() -> Vec<ProviderDefinition> {
    let providers = entries::all::<Provider>().into_iter();
    providers
        .map(|provider| ProviderDefinition {
            name: provider.name.to_owned(),
            title: provider.title.map(str::to_owned),
            description: provider.description.to_owned(),
            extra: None,
        })
        .collect()
}

fn find(name: &str) -> Result<&'static Provider, ChatError> {
    entries::find::<Provider>(name).ok_or_else(|| {
        ChatError::new(
            codes::NOT_FOUND,
            format!("this plugin has no provider called `{name}`"),
        )
    })
}

/// The models of the provider called `name`.
///
/// # Errors
/// The provider's own; `not-found`, where there is no such provider.
pub async fn models(name: &str) -> Result<Vec<ModelInfo>, ChatError> {
    (find(name)?.models)().await
}

/// An answer that has begun.
pub struct Answer {
    /// Ends with the answer.
    pub deltas: Peekable<mpsc::Receiver<Delta>>,
    /// Must be polled for deltas to come.
    pub finish: Asked<Finish>,
}

/// Asks the provider called `name`, and waits until its answer begins.
///
/// # Errors
/// The provider's own, if it fails before it says anything; `not-found`, where there is no such provider.
pub async fn chat(name: &str, request: ChatRequest) -> Result<Answer, ChatError> {
    let provider = find(name)?;
    let (sender, deltas) = mpsc::channel(AHEAD);
    let mut last = sender.clone();
    let running = (provider.chat)(request, ChatOutput::new(sender));
    let running: Asked<Finish> = Box::pin(async move {
        let finish = running.await;
        // The author may have kept the sender somewhere; the deltas end with the answer all the same.
        last.close_channel();
        finish
    });
    let mut deltas = deltas.peekable();
    let finish = match select(running, Pin::new(&mut deltas).peek()).await {
        Either::Right((_, running)) => running,
        Either::Left((finish, _)) => {
            if let Err(error) = finish {
                // What was written before the failure is still in the queue.
                if Pin::new(&mut deltas).peek().await.is_none() {
                    return Err(error);
                }
                Box::pin(ready(Err(error)))
            } else {
                Box::pin(ready(finish))
            }
        }
    };
    Ok(Answer { deltas, finish })
}

/// The error of an answer whose writer is gone.
pub fn no_finish() -> ChatError {
    ChatError::new(codes::BROKEN, "the answer broke off without an end")
}

/// A provider's type.
pub struct Make<T>(PhantomData<T>);

impl<T> Make<T> {
    /// The type.
    #[expect(clippy::new_without_default, reason = "only macros make it")]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

/// Types that can be made of nothing.
pub trait MakeByDefault {
    /// The type.
    type Is: Default;

    /// Makes one.
    fn make(&self) -> Self::Is {
        Self::Is::default()
    }
}

impl<T: Default> MakeByDefault for &Make<T> {
    type Is = T;
}

/// Holds for what can be made of nothing. Named in errors only.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be made of nothing, and a provider is made anew for each request",
    label = "has no `Default`",
    note = "write #[derive(Default)] on `{Self}`, or implement `Default` for it"
)]
pub trait MadeOfNothing {}

/// Selects an error.
pub trait NotMade {
    /// The type.
    type Is;

    /// Does not compile.
    fn make(&self) -> Self::Is
    where
        Self::Is: MadeOfNothing,
    {
        super::never()
    }
}

impl<T> NotMade for Make<T> {
    type Is = T;
}
