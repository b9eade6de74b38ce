//! `portcullis:chat/llm`, in pieces, and its sync-typed twin, in one.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::channel::oneshot;
use futures::{Stream, StreamExt};
use portcullis_contract::chat::{self, ChatError, ChatRequest, codes};
use portcullis_host_policy::capability::{Capability, Glob};
use portcullis_host_policy::request::Request;
use wasmtime::component::{
    Accessor, Destination, FutureReader, HasSelf, StreamProducer, StreamReader, StreamResult,
    VecBuffer,
};
use wasmtime::{Result, StoreContextMut};

use super::{Llm, ServiceCaller};
use crate::bindings::v0_1::portcullis::chat::chat_types as wit;
use crate::bindings::v0_1::portcullis::chat::{llm, llm_sync};
use crate::call::Aside;
use crate::chat::{Assembler, ChatEvent, ChatStream, delta_size};
use crate::state::State;

type Streams = (
    StreamReader<wit::Delta>,
    FutureReader<std::result::Result<wit::Finish, wit::ChatError>>,
);
type Ended = std::result::Result<wit::Finish, wit::ChatError>;

/// A request that was decided on.
struct Asked {
    service: Arc<dyn Llm>,
    caller: ServiceCaller,
    aside: Aside,
    request: ChatRequest,
}

impl State {
    fn begin_chat(
        &mut self,
        request: wit::ChatRequest,
    ) -> Result<std::result::Result<Asked, ChatError>> {
        let request = ChatRequest::from(request);
        let bytes = crate::chat::request_size(&request);
        self.call
            .spend(usize::try_from(bytes).unwrap_or(usize::MAX))?;
        Ok(self.chat_asked(request))
    }

    fn chat_asked(&self, request: ChatRequest) -> std::result::Result<Asked, ChatError> {
        // No model is the host's own choice, for which any grant of a model is enough that is for all of them.
        let model = match request.model.as_str() {
            "" => None,
            model => Some(Glob::exact(model).map_err(|error| {
                ChatError::new(codes::INVALID, format!("the model's name: {}", error.rule))
            })?),
        };
        let decided = (self.call.caller).decide(&Request::Use(Capability::Llm(model)));
        decided.map_err(|denial| {
            let message = "this plugin may not ask that model";
            ChatError::new(denial.code.guest().as_str(), message)
        })?;
        let Some(service) = self.service(|services| &services.llm) else {
            let message = "this host has no model; its operator can set one up";
            return Err(ChatError::new(codes::UNAVAILABLE, message));
        };
        Ok(Asked {
            service,
            caller: self.service_caller(),
            aside: self.call.aside.clone(),
            request,
        })
    }
}

impl Asked {
    async fn run(self) -> Result<std::result::Result<ChatStream, ChatError>> {
        let Self {
            service,
            caller,
            aside,
            request,
        } = self;
        let answer = aside.run(async move { service.chat(&caller, request).await });
        Ok(answer.await?.map(|stream| aside.stream(stream)))
    }
}

impl wit::Host for State {}

impl llm::Host for State {}

impl llm::HostWithStore<State> for HasSelf<State> {
    async fn chat(
        accessor: &Accessor<State, Self>,
        request: wit::ChatRequest,
    ) -> Result<std::result::Result<Streams, wit::ChatError>> {
        let begun = accessor.with(|mut access| access.get().begin_chat(request))?;
        let answer = match begun {
            Ok(asked) => asked.run().await?,
            Err(refused) => Err(refused),
        };
        let stream = match answer {
            Ok(stream) => stream,
            Err(error) => return Ok(Err(error.into())),
        };
        let (sender, end) = oneshot::channel::<Ended>();
        let producer = Deltas {
            stream,
            end: Some(sender),
        };
        accessor.with(|mut store| {
            let deltas = StreamReader::new(&mut store, producer)?;
            let end = async move {
                Result::<Ended, wasmtime::Error>::Ok(
                    end.await.unwrap_or_else(|_| Err(broken_off().into())),
                )
            };
            Ok(Ok((deltas, FutureReader::new(&mut store, end)?)))
        })
    }
}

fn broken_off() -> ChatError {
    ChatError::new(codes::BROKEN, "the answer ended before its end")
}

/// An answer as a stream that the guest reads. Its end goes where the guest reads that.
struct Deltas {
    stream: ChatStream,
    end: Option<oneshot::Sender<Ended>>,
}

impl Deltas {
    fn end(&mut self, ended: std::result::Result<chat::Finish, ChatError>) {
        if let Some(sender) = self.end.take() {
            let _ = sender.send(ended.map(wit::Finish::from).map_err(wit::ChatError::from));
        }
    }
}

/// Pieces that are handed over at once.
const BATCH: usize = 64;

impl StreamProducer<State> for Deltas {
    type Item = wit::Delta;
    type Buffer = VecBuffer<wit::Delta>;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut store: StoreContextMut<'a, State>,
        mut destination: Destination<'a, Self::Item, Self::Buffer>,
        finish: bool,
    ) -> Poll<Result<StreamResult>> {
        // A read of nothing asks whether there is something; a stream can't tell without taking it.
        if destination.remaining(&mut store) == Some(0) {
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        let mut batch = Vec::new();
        let mut ended = false;
        while batch.len() < BATCH {
            match Pin::new(&mut self.stream).poll_next(cx) {
                Poll::Ready(Some(Ok(ChatEvent::Delta(delta)))) => {
                    store.data_mut().call.stream(delta_size(&delta))?;
                    batch.push(wit::Delta::from(delta));
                    continue;
                }
                Poll::Ready(Some(Ok(ChatEvent::Finish(finish)))) => self.end(Ok(finish)),
                Poll::Ready(Some(Err(error))) => self.end(Err(error)),
                Poll::Ready(None) => self.end(Err(broken_off())),
                Poll::Pending => break,
            }
            ended = true;
            break;
        }
        let any = !batch.is_empty();
        if any {
            destination.set_buffer(batch.into());
        }
        match (ended, any) {
            (true, _) => Poll::Ready(Ok(StreamResult::Dropped)),
            (false, true) => Poll::Ready(Ok(StreamResult::Completed)),
            (false, false) if finish => Poll::Ready(Ok(StreamResult::Cancelled)),
            (false, false) => Poll::Pending,
        }
    }
}

impl llm_sync::Host for State {
    async fn chat(
        &mut self,
        request: wit::ChatRequest,
    ) -> Result<std::result::Result<(Vec<wit::Part>, wit::Finish), wit::ChatError>> {
        let answer = match self.begin_chat(request)? {
            Ok(asked) => asked.run().await?,
            Err(refused) => Err(refused),
        };
        let mut stream = match answer {
            Ok(stream) => stream,
            Err(error) => return Ok(Err(error.into())),
        };
        let mut whole = Assembler::default();
        let ended = loop {
            match stream.next().await {
                Some(Ok(ChatEvent::Delta(delta))) => {
                    self.call.stream(delta_size(&delta))?;
                    if let Err(error) = whole.push(delta) {
                        break Err(error);
                    }
                }
                Some(Ok(ChatEvent::Finish(finish))) => {
                    break whole.finish().map(|message| (message.parts, finish));
                }
                Some(Err(error)) => break Err(error),
                None => break Err(broken_off()),
            }
        };
        Ok(match ended {
            Ok((parts, finish)) => {
                let parts = parts.into_iter().map(wit::Part::from);
                Ok((parts.collect(), finish.into()))
            }
            Err(error) => Err(error.into()),
        })
    }
}
