//! Conversations with a plugin's model providers.

use std::pin::pin;
use std::sync::Arc;

use futures::channel::mpsc;
use futures::{FutureExt, StreamExt, stream};
use portcullis_contract::chat::{ChatError, ChatRequest, Delta, Finish, ModelInfo, codes};

use super::run::{Admitted, Work};
use super::{CallOptions, admit};
use crate::bindings::v0_1::portcullis::chat::chat_types as wit;
use crate::chat::{ChatEvent, ChatStream, request_size};
use crate::error::Error;
use crate::instance::{ChatEnd, Instance};
use crate::plugin::{Plugin, PluginInner};
use crate::stream::{BATCHES, PieceConsumer, Pieces};
use crate::telemetry::{self, CallWatch, What, names};

impl Plugin {
    /// Asks one of the plugin's providers for its models.
    ///
    /// # Errors
    /// [`Error::Chat`] for the provider's own, [`Error::UnknownProvider`], and the other call kinds of [`Error`].
    pub async fn models(
        &self,
        provider: &str,
        options: CallOptions,
    ) -> Result<Vec<ModelInfo>, Error> {
        let plugin = &self.inner;
        let (watch, admitted) = begin(plugin, provider, None, options)?;
        let work = ModelsWork(provider.to_owned());
        let answered = pin!(async {
            let models = admitted.run(plugin, work).await?.answer;
            let models = models.map_err(|error| Error::Chat(error.into()))?;
            Ok(models.into_iter().map(ModelInfo::from).collect())
        });
        watch.around(answered).await
    }

    /// Asks one of the plugin's providers for an answer. The guest runs only while the stream is polled; dropping it ends the call.
    ///
    /// # Errors
    /// Those that are found before the guest is entered; the others come in the stream.
    pub async fn chat(
        &self,
        provider: &str,
        request: ChatRequest,
        options: CallOptions,
    ) -> Result<ChatStream, Error> {
        let bytes = request_size(&request);
        let (watch, admitted) = begin(&self.inner, provider, Some(bytes), options)?;
        let (sender, receiver) = mpsc::channel(BATCHES);
        let work = ChatWork {
            provider: provider.to_owned(),
            request: request.into(),
            deltas: PieceConsumer::new(sender),
        };
        let plugin = Arc::clone(&self.inner);
        let driver = async move {
            let answered = pin!(async {
                match admitted.run(&plugin, work).await?.answer {
                    Some(Ok(finish)) => Ok(Finish::from(finish)),
                    Some(Err(error)) => Err(Error::Chat(error.into())),
                    None => Err(Error::BrokenContract {
                        problem: "an answer ended without its end".to_owned(),
                    }),
                }
            });
            watch.around(answered).await
        };
        Ok(events(Pieces::new(driver.boxed(), receiver)))
    }
}

/// Checks a call of a provider, which is watched from here on.
fn begin(
    plugin: &Arc<PluginInner>,
    provider: &str,
    bytes: Option<u64>,
    mut options: CallOptions,
) -> Result<(CallWatch, Admitted), Error> {
    let id: Arc<str> = plugin.host.next_call_id().into();
    let what = What::Provider(provider);
    let mut watch = CallWatch::begin(plugin, &id, what, options.trace.as_ref());
    options.trace = watch.trace(options.trace);
    let admitted = watch.in_scope(|| {
        let known = &plugin.definitions.providers;
        if !known.iter().any(|known| known.name == provider) {
            return Err(Error::UnknownProvider {
                provider: provider.to_owned(),
            });
        }
        // A conversation is as long as what flows in pieces: pictures are part of it.
        let allowed = plugin.limits.call.stream_bytes;
        if bytes.is_some_and(|bytes| bytes > allowed) {
            return Err(Error::LimitExceeded {
                limit: "bytes of a conversation",
                allowed,
            });
        }
        telemetry::note(names::BYTES_IN, bytes.unwrap_or(0));
        admit(plugin, id, format!("provider {provider}").into(), options)
    });
    match admitted {
        Ok(admitted) => Ok((watch, admitted)),
        Err(error) => {
            watch.failed(&error);
            Err(error)
        }
    }
}

/// Pieces, then the end.
fn events(pieces: Pieces<Delta, Finish>) -> ChatStream {
    let next = async |mut pieces: Option<Pieces<Delta, Finish>>| {
        let reading = pieces.as_mut()?;
        if let Some(delta) = reading.next().await {
            return Some((Ok(ChatEvent::Delta(delta)), pieces));
        }
        let end = match reading.end() {
            Some(Ok(finish)) => Ok(ChatEvent::Finish(finish)),
            Some(Err(error)) => Err(ChatError::from(error)),
            None => Err(ChatError::new(
                codes::BROKEN,
                "an answer ended without its call",
            )),
        };
        Some((end, None))
    };
    stream::unfold(Some(pieces), next).boxed()
}

struct ModelsWork(String);

impl Work for ModelsWork {
    type Answer = Result<Vec<wit::ModelInfo>, wit::ChatError>;

    async fn run(self, instance: &mut Instance) -> Result<Self::Answer, Error> {
        instance.list_models(self.0).await
    }
}

struct ChatWork {
    provider: String,
    request: wit::ChatRequest,
    deltas: PieceConsumer<Delta>,
}

impl Work for ChatWork {
    type Answer = Option<ChatEnd>;

    async fn run(self, instance: &mut Instance) -> Result<Self::Answer, Error> {
        instance
            .chat(self.provider, self.request, self.deltas)
            .await
    }
}
