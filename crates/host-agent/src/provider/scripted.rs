//! A provider that says what it was told to say: for tests, and for demonstrations without a model.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt as _, stream};
use portcullis_contract::chat::{
    ChatError, ChatRequest, Delta, Finish, ModelInfo, ToolUseDelta, Usage, codes,
};

use super::{ChatEvent, ChatProvider, ChatStream};

/// How many characters of a tool's arguments come in one piece: few, so that even short ones are in several.
const PIECE: usize = 8;

/// One answer of a [`Scripted`] provider: what it streams, and how it ends – with a [`Finish`] unless told otherwise.
#[derive(Clone, Debug, Default)]
pub struct Turn {
    steps: Vec<Step>,
    tool_uses: u32,
    usage: Option<Usage>,
    end: End,
}

#[derive(Clone, Debug)]
enum Step {
    Say(Delta),
    Pause(Duration),
}

#[derive(Clone, Debug, Default)]
enum End {
    #[default]
    Finish,
    Finished(Finish),
    Refuse(ChatError),
    Fail(ChatError),
    BreakOff,
    Hang,
    Endless(Delta, Duration),
}

impl Turn {
    /// An answer that says nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// No answer: the request itself fails so.
    pub fn refuse(error: ChatError) -> Self {
        Self::new().end(End::Refuse(error))
    }

    /// Says a text, a word at a time.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        let words = text.split_inclusive(char::is_whitespace);
        let words = words.map(|word| Step::Say(Delta::Text(word.to_owned())));
        self.steps.extend(words);
        self
    }

    /// Thinks a text, a word at a time.
    #[must_use]
    pub fn reasoning(mut self, text: &str) -> Self {
        let words = text.split_inclusive(char::is_whitespace);
        let words = words.map(|word| Step::Say(Delta::Reasoning(word.to_owned())));
        self.steps.extend(words);
        self
    }

    /// Wants to use a tool, its arguments a few characters at a time. They go out as they are, JSON or not.
    #[must_use]
    pub fn tool_use(mut self, id: &str, name: &str, arguments: &str) -> Self {
        let index = self.tool_uses;
        self.tool_uses += 1;
        let piece = |begin: Option<(&str, &str)>, arguments: String| {
            Step::Say(Delta::ToolUse(ToolUseDelta {
                index,
                id: begin.map(|(id, _)| id.to_owned()),
                name: begin.map(|(_, name)| name.to_owned()),
                arguments,
            }))
        };
        self.steps.push(piece(Some((id, name)), String::new()));
        let arguments: Vec<char> = arguments.chars().collect();
        let pieces = arguments
            .chunks(PIECE)
            .map(|chars| piece(None, chars.iter().collect()));
        self.steps.extend(pieces);
        self
    }

    /// Says exactly this piece.
    #[must_use]
    pub fn delta(mut self, delta: Delta) -> Self {
        self.steps.push(Step::Say(delta));
        self
    }

    /// Says nothing for a while.
    #[must_use]
    pub fn pause(mut self, time: Duration) -> Self {
        self.steps.push(Step::Pause(time));
        self
    }

    /// What the answer took, where it ends by itself.
    #[must_use]
    pub fn usage(mut self, input_tokens: u64, output_tokens: u64) -> Self {
        self.usage = Some(Usage {
            input_tokens,
            output_tokens,
            details: Vec::new(),
        });
        self
    }

    /// Ends so. Otherwise an answer ends with `tool-use` where it uses tools, and with `stop` where it does not.
    #[must_use]
    pub fn finish(self, finish: Finish) -> Self {
        self.end(End::Finished(finish))
    }

    /// Fails after what was said.
    #[must_use]
    pub fn fail(self, error: ChatError) -> Self {
        self.end(End::Fail(error))
    }

    /// Ends without saying how.
    #[must_use]
    pub fn break_off(self) -> Self {
        self.end(End::BreakOff)
    }

    /// Never ends, and says nothing more.
    #[must_use]
    pub fn hang(self) -> Self {
        self.end(End::Hang)
    }

    /// Never ends: says this for ever, with a pause before each.
    #[must_use]
    pub fn endless(self, delta: Delta, pause: Duration) -> Self {
        self.end(End::Endless(delta, pause))
    }

    fn end(mut self, end: End) -> Self {
        self.end = end;
        self
    }

    fn play(self) -> Result<ChatStream, ChatError> {
        let said = stream::iter(self.steps).filter_map(|step| async {
            match step {
                Step::Say(delta) => Some(Ok(ChatEvent::Delta(delta))),
                Step::Pause(time) => {
                    tokio::time::sleep(time).await;
                    None
                }
            }
        });
        let finish = |finish| stream::iter([Ok(ChatEvent::Finish(finish))]).boxed();
        let end: ChatStream = match self.end {
            End::Refuse(error) => return Err(error),
            End::Finish => finish(Finish {
                reason: if self.tool_uses > 0 {
                    "tool-use"
                } else {
                    "stop"
                }
                .to_owned(),
                usage: self.usage,
                extra: None,
            }),
            End::Finished(how) => finish(how),
            End::Fail(error) => stream::iter([Err(error)]).boxed(),
            End::BreakOff => stream::empty().boxed(),
            End::Hang => stream::pending().boxed(),
            End::Endless(delta, pause) => stream::repeat(delta)
                .then(move |delta| async move {
                    if !pause.is_zero() {
                        tokio::time::sleep(pause).await;
                    }
                    Ok(ChatEvent::Delta(delta))
                })
                .boxed(),
        };
        Ok(said.chain(end).boxed())
    }
}

type React = Box<dyn Fn(&ChatRequest) -> Turn + Send + Sync>;

enum Script {
    Turns(Mutex<VecDeque<Turn>>),
    Reaction(React),
}

/// A provider that follows a script and remembers what it was asked.
pub struct Scripted {
    script: Script,
    models: Vec<ModelInfo>,
    requests: Mutex<Vec<ChatRequest>>,
}

impl Scripted {
    /// Answers with these turns, one after another; a request after the last is [`codes::INTERNAL`].
    pub fn new(turns: impl IntoIterator<Item = Turn>) -> Self {
        Self::follow(Script::Turns(Mutex::new(turns.into_iter().collect())))
    }

    /// Answers with what `react` makes of each request.
    pub fn reacting(react: impl Fn(&ChatRequest) -> Turn + Send + Sync + 'static) -> Self {
        Self::follow(Script::Reaction(Box::new(react)))
    }

    fn follow(script: Script) -> Self {
        Self {
            script,
            models: vec![model("scripted")],
            requests: Mutex::default(),
        }
    }

    /// Has these models instead of the one called `scripted`. What a request names is not looked at.
    #[must_use]
    pub fn models<'a>(mut self, ids: impl IntoIterator<Item = &'a str>) -> Self {
        self.models = ids.into_iter().map(model).collect();
        self
    }

    /// All requests so far, oldest first.
    pub fn requests(&self) -> Vec<ChatRequest> {
        self.requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn model(id: &str) -> ModelInfo {
    ModelInfo {
        id: id.to_owned(),
        features: vec!["tools".to_owned()],
        ..ModelInfo::default()
    }
}

#[async_trait]
impl ChatProvider for Scripted {
    async fn models(&self) -> Result<Vec<ModelInfo>, ChatError> {
        Ok(self.models.clone())
    }

    async fn chat(&self, request: ChatRequest) -> Result<ChatStream, ChatError> {
        let turn = match &self.script {
            Script::Turns(turns) => turns
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop_front(),
            Script::Reaction(react) => Some(react(&request)),
        };
        self.requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(request);
        turn.ok_or_else(|| ChatError::new(codes::INTERNAL, "the script has no more turns"))?
            .play()
    }
}

#[cfg(test)]
mod tests {
    use portcullis_contract::chat::Message;

    use super::*;
    use crate::provider::collect;

    fn asking(text: &str) -> ChatRequest {
        ChatRequest {
            messages: vec![Message::user(text)],
            ..ChatRequest::default()
        }
    }

    #[tokio::test]
    async fn turns_are_played_in_order_in_pieces_and_requests_are_kept() {
        let provider = Scripted::new([
            Turn::new()
                .text("Let me look.")
                .tool_use("1", "clock", r#"{"zone":"UTC"}"#),
            Turn::new().text("It is noon.").usage(10, 3),
        ]);
        let events: Vec<_> = provider
            .chat(asking("time?"))
            .await
            .unwrap()
            .collect()
            .await;
        assert_eq!(events.len(), 3 + 3 + 1);
        let (message, finish) = collect(provider.chat(asking("and?")).await.unwrap())
            .await
            .unwrap();
        assert_eq!(
            (message.text().as_str(), finish.reason.as_str()),
            ("It is noon.", "stop")
        );
        assert_eq!(finish.usage.map(|usage| usage.output_tokens), Some(3));
        assert_eq!(provider.requests(), [asking("time?"), asking("and?")]);
        let error = provider.chat(asking("more?")).await.err().unwrap();
        assert_eq!(error.code, codes::INTERNAL);
    }

    #[tokio::test]
    async fn a_script_can_react_to_what_it_is_asked() {
        let provider = Scripted::reacting(|request| Turn::new().text(&request.messages[0].text()));
        let (message, _) = collect(provider.chat(asking("echo")).await.unwrap())
            .await
            .unwrap();
        assert_eq!(message.text(), "echo");
    }

    #[tokio::test]
    async fn a_tool_use_in_pieces_is_whole_again() {
        let arguments = r#"{"text":"größer als acht"}"#;
        let provider = Scripted::new([Turn::new().tool_use("7", "say", arguments)]);
        let (message, finish) = collect(provider.chat(asking("")).await.unwrap())
            .await
            .unwrap();
        assert_eq!(message.tool_uses().next().unwrap().arguments, arguments);
        assert_eq!(finish.reason, "tool-use");
    }
}
