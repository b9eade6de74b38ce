//! A test host: plain `cargo test` runs a plugin's functions natively, and this answers what they ask of their host.
//!
//! ```
//! use portcullis_guest_sdk::prelude::*;
//! use portcullis_guest_sdk::testing::{self, json};
//!
//! /// Greets a person by name.
//! #[plugin_tool]
//! fn greet(name: String) -> Result<String, ToolError> {
//!     let greeting: Option<String> = config::get("greeting")?;
//!     Ok(format!("{}, {name}!", greeting.as_deref().unwrap_or("Hello")))
//! }
//!
//! // A tool is a function.
//! assert_eq!(greet("Ada".into()), Ok("Hello, Ada!".into()));
//!
//! // Called as in the sandbox: JSON in, output or error out.
//! let output = testing::call("greet", json!({ "name": "Ada" })).unwrap();
//! assert_eq!(output.text(), "Hello, Ada!");
//!
//! // With a host that has something to say.
//! let host = testing::Host::new().config("greeting", "Good morning");
//! let output = host.call("greet", json!({ "name": "Ada" })).unwrap();
//! assert_eq!(output.text(), "Good morning, Ada!");
//! ```
//!
//! A test host is in charge of its own thread only, so tests that run in parallel don't see each other's. It decodes
//! arguments as the sandbox does; it does not check them against the schema first, as a real host does. This module
//! exists in native builds only.

mod agent;
mod asking;
mod offering;
mod reply;

use std::rc::Rc;

use serde::Serialize;
pub use serde_json::json;

pub use agent::{Chatted, Handled, hooks, providers, roles};
pub use asking::LlmReply;
pub use offering::{prompts, resources, templates};
pub use reply::{Reply, SentRequest};

use crate::context::Context;
use crate::error::ToolError;
use crate::host::scripted::{InCharge, Script};
use crate::log::Level;
use crate::rt;
use crate::types::{Blob, Progress, ToolCall, ToolDefinition, ToolOutput};
#[cfg(feature = "streaming")]
use crate::types::{Content, ToolEvent};

/// The id of every call of a test host.
const CALL_ID: &str = "test-call";

/// A host whose answers are set by a test.
#[derive(Clone, Debug, Default)]
pub struct Host {
    script: Rc<Script>,
    metadata: Vec<(String, String)>,
    attachments: Vec<Blob>,
}

/// One line that a plugin logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How much it matters.
    pub level: Level,
    /// The message.
    pub message: String,
    /// Named fields.
    pub fields: Vec<(String, String)>,
}

/// What a call in pieces gave.
#[cfg(feature = "streaming")]
#[derive(Clone, Debug, PartialEq)]
pub struct Streamed {
    /// What it said while it worked.
    pub events: Vec<ToolEvent>,
    /// How it ended.
    pub result: Result<ToolOutput, ToolError>,
}

#[cfg(feature = "streaming")]
impl Streamed {
    /// The text of each event that is text.
    pub fn texts(&self) -> Vec<&str> {
        self.events
            .iter()
            .filter_map(|event| match event {
                ToolEvent::Content(content) => content.as_text(),
                _ => None,
            })
            .collect()
    }
}

impl Host {
    /// A host without settings, secrets, state, metadata and attachments, that denies requests and never cancels.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets one of the plugin's settings.
    ///
    /// # Panics
    /// If `value` has no JSON form.
    #[must_use]
    pub fn config(self, key: &str, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).expect("a setting has a JSON form");
        self.script
            .config
            .borrow_mut()
            .insert(key.to_owned(), value);
        self
    }

    /// Answers a request, given as `METHOD URL` with its query. Several replies to the same one are given in turn, the last one
    /// from then on; a request that has none is denied.
    ///
    /// ```
    /// use portcullis_guest_sdk::http;
    /// use portcullis_guest_sdk::testing::{Host, Reply};
    ///
    /// let host = Host::new()
    ///     .http("GET https://example.com/a?b=c", Reply::status(503))
    ///     .http("GET https://example.com/a?b=c", Reply::text("here"));
    /// let status = || host.block_on(http::get("https://example.com/a").query("b", "c").send()).unwrap().status;
    /// assert_eq!(status(), 503);
    /// assert_eq!(status(), 200);
    /// assert_eq!(host.block_on(http::get("https://example.com/").send()).unwrap_err(), http::Error::Denied);
    /// assert_eq!(host.requests().len(), 3);
    /// ```
    #[must_use]
    pub fn http(self, request: &str, reply: Reply) -> Self {
        self.script.http.reply(request, reply);
        self
    }

    /// Binds a secret to the plugin. Requests don't get its value: the host adds that, out of the plugin's sight.
    #[must_use]
    pub fn secret(self, name: &str) -> Self {
        self.script
            .secrets
            .borrow_mut()
            .insert(name.to_owned(), None);
        self
    }

    /// Binds a secret to the plugin, and grants `secret-reveal` for it.
    #[must_use]
    pub fn revealed_secret(self, name: &str, value: &str) -> Self {
        self.script
            .secrets
            .borrow_mut()
            .insert(name.to_owned(), Some(value.to_owned()));
        self
    }

    /// Puts an entry into the plugin's store.
    #[must_use]
    pub fn state(self, key: &str, value: impl Into<Vec<u8>>) -> Self {
        // Without a condition nothing can be against it.
        let _ = self.script.state.set(key, value.into(), None);
        self
    }

    /// Adds metadata to every call.
    #[must_use]
    pub fn metadata(mut self, key: &str, value: &str) -> Self {
        self.metadata.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Adds an attachment to every call.
    #[must_use]
    pub fn attachment(mut self, blob: Blob) -> Self {
        self.attachments.push(blob);
        self
    }

    /// Asks calls to end once one reports this much progress.
    ///
    /// ```
    /// use portcullis_guest_sdk::prelude::*;
    /// use portcullis_guest_sdk::testing::{Host, json};
    ///
    /// /// Counts to a hundred.
    /// #[plugin_tool]
    /// fn count(ctx: &Context) -> u32 {
    ///     for done in 1..=100 {
    ///         ctx.progress(done.into(), Some(100.0), None);
    ///         if ctx.is_cancelled() {
    ///             return done;
    ///         }
    ///     }
    ///     100
    /// }
    ///
    /// let host = Host::new().cancel_at(3.0);
    /// assert_eq!(host.call("count", json!({})).unwrap().text(), "3");
    /// assert_eq!(host.progress().len(), 3);
    /// ```
    #[must_use]
    pub fn cancel_at(self, progress: f64) -> Self {
        self.script.cancel_at.set(Some(progress));
        self
    }

    /// Asks all calls to end, those at work and those to come.
    pub fn cancel(&self) {
        self.script.cancel();
    }

    /// Runs `f` with this host in charge of the thread.
    pub fn run<R>(&self, f: impl FnOnce() -> R) -> R {
        let _in_charge = InCharge::put(&self.script);
        f()
    }

    /// Runs a future to its end with this host in charge of the thread.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.run(|| rt::run_to_end(future))
    }

    /// The context of a call, for a tool's function that a test calls itself (within [`run`](Self::run) or
    /// [`block_on`](Self::block_on), if the host shall hear of it).
    pub fn context(&self) -> Context {
        let call = self.tool_call("", String::new());
        let (context, _) = Context::of(
            call,
            #[cfg(feature = "streaming")]
            None,
        );
        context
    }

    /// Hands the settings to the plugin's `#[plugin_start]` function, as a host does before the first call.
    ///
    /// # Errors
    /// The function's own, or `invalid` if the settings don't decode.
    pub fn start(&self) -> Result<(), ToolError> {
        let settings = self.run(crate::host::config_all);
        self.block_on(rt::start(settings))
    }

    /// Calls a tool as the sandbox does.
    ///
    /// # Errors
    /// The tool's own; `invalid-arguments` if the arguments don't decode, `not-found` if there is no such tool.
    ///
    /// # Panics
    /// If `arguments` has no JSON form.
    pub fn call(&self, tool: &str, arguments: impl Serialize) -> Result<ToolOutput, ToolError> {
        let call = self.tool_call(tool, to_json(arguments));
        self.block_on(rt::call(call))
    }

    /// Calls a tool in pieces as the sandbox does, gives it `input` and collects what it says.
    ///
    /// ```
    /// use portcullis_guest_sdk::prelude::*;
    /// use portcullis_guest_sdk::testing::{Host, json};
    ///
    /// /// Shouts.
    /// #[plugin_tool]
    /// fn shout(input: InputStream) -> impl Stream<Item = String> {
    ///     use portcullis_guest_sdk::stream::StreamExt;
    ///     input.map(|piece| piece.as_text().unwrap_or_default().to_uppercase())
    /// }
    ///
    /// let streamed = Host::new().call_streaming("shout", json!({}), ["hi", "there"]);
    /// assert_eq!(streamed.texts(), ["HI", "THERE"]);
    /// assert!(streamed.result.is_ok());
    /// ```
    ///
    /// # Panics
    /// If `arguments` has no JSON form.
    #[cfg(feature = "streaming")]
    pub fn call_streaming<C: Into<Content>>(
        &self,
        tool: &str,
        arguments: impl Serialize,
        input: impl IntoIterator<Item = C>,
    ) -> Streamed {
        let call = self.tool_call(tool, to_json(arguments));
        let pieces: Vec<Content> = input.into_iter().map(Into::into).collect();
        let input = crate::stream::InputStream::new(crate::stream::iter(pieces));
        let mut events = Vec::new();
        let result = self.block_on(async {
            let streamed = rt::call_streaming(call, input)?;
            rt::drive(streamed.events, streamed.result, async |batch| {
                events.extend(batch);
                true
            })
            .await
        });
        Streamed { events, result }
    }

    /// The requests that the plugin sent, in order.
    pub fn requests(&self) -> Vec<SentRequest> {
        self.script.http.sent.borrow().clone()
    }

    /// What is in the plugin's store under `key`.
    pub fn stored(&self, key: &str) -> Option<Vec<u8>> {
        let entries = self.script.state.entries.borrow();
        entries.get(key).map(|entry| entry.value.clone())
    }

    /// What the plugin logged, in order.
    pub fn logs(&self) -> Vec<LogLine> {
        self.script.logs.borrow().clone()
    }

    /// The progress that ordinary calls reported, in order; that of calls in pieces is among their events.
    pub fn progress(&self) -> Vec<Progress> {
        self.script.progress.borrow().clone()
    }

    fn tool_call(&self, tool: &str, arguments: String) -> ToolCall {
        ToolCall {
            call_id: CALL_ID.to_owned(),
            name: tool.to_owned(),
            arguments,
            attachments: self.attachments.clone(),
            metadata: self.metadata.clone(),
        }
    }
}

fn to_json(arguments: impl Serialize) -> String {
    serde_json::to_string(&arguments).expect("arguments have a JSON form")
}

/// Calls a tool as the sandbox does, with a [`Host`] that has nothing to say.
///
/// # Errors
/// As [`Host::call`].
///
/// # Panics
/// As [`Host::call`].
pub fn call(tool: &str, arguments: impl Serialize) -> Result<ToolOutput, ToolError> {
    Host::new().call(tool, arguments)
}

/// The definitions of the plugin's tools, by name, as a host gets them.
///
/// # Panics
/// If a host would refuse them: two tools of one name, an `#[args]` type that is no object.
pub fn tools() -> Vec<ToolDefinition> {
    rt::definitions()
}
