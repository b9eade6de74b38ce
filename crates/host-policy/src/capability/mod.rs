#![doc = include_str!("grammar.md")]

mod agent;
mod error;
mod fs;
mod host;
mod http;
mod method;
mod name;
mod path;
mod set;
mod tcp;
#[cfg(test)]
pub(crate) mod tests;
mod words;

use std::fmt;
use std::str::FromStr;

pub use agent::{ACTION_KINDS, ActionKind, ActionRule, HOOK_POINTS, HookPoint, InvokeRule};
pub use error::{CapabilityError, CapabilityErrorKind};
pub use fs::{Access, Folder, FolderPath, FsRule};
pub use host::{DomainName, HostPattern};
pub use http::{HttpRule, OriginRule, Scheme};
pub use method::{Method, MethodError, Methods};
pub use name::{EnvName, Glob, Name, SlotName};
pub use path::{PathFlaw, PathPattern};
pub use tcp::TcpRule;
pub use words::Words;

use bytesize::ByteSize;
use error::CapabilityErrorKind as Kind;

pub(crate) use error::Piece;
pub(crate) use http::parse_authority;
pub(crate) use name::name;
pub(crate) use path::decode;

use crate::report;
use crate::text::string_serde;

/// Longest capability, in bytes: a path of the greatest length and a name beside it.
pub const MAX_CAPABILITY_BYTES: usize = 8 * 1024;

/// One thing that a plugin may do, or a family of like things.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Capability {
    /// Send requests.
    Http(HttpRule),
    /// Open connections.
    Tcp(TcpRule),
    /// Read or write a folder.
    Fs(FsRule),
    /// See one environment variable.
    Env(EnvName),
    /// Have a secret added to requests, without seeing it.
    Secret(Name),
    /// See a secret's value.
    SecretReveal(Name),
    /// Keep state, with a quota in bytes where one is named.
    State(Option<u64>),
    /// Ask a model of the host's; none is any.
    Llm(Option<Glob>),
    /// Search a corpus of the host's; none is any.
    Retrieval(Option<Name>),
    /// Use the host's planner.
    Planner,
    /// Put questions to the person on whose behalf it works.
    Ask,
    /// Call another plugin's tool.
    Invoke(InvokeRule),
    /// See that a hook point was reached, and the payload's metadata.
    Hook(HookPoint),
    /// See a payload's content.
    HookContent(HookPoint),
    /// Change a payload.
    HookModify(HookPoint),
    /// Stop what is about to happen.
    HookGate(HookPoint),
    /// Have the agent do something.
    Action(ActionRule),
    /// Use an interface of the host's own program.
    Host(Name),
    /// Read the host's standard input.
    Stdin,
    /// Write to the host's standard output, raw.
    Stdout,
    /// Write to the host's standard error, raw.
    Stderr,
    /// See the host's command line arguments.
    Args,
    /// Write to the host's log.
    Log,
    /// Read clocks.
    Clocks,
    /// Get random bytes.
    Random,
}

/// Every name that a capability can start with.
pub const NAMES: &[&str] = &[
    "http",
    "tcp",
    "fs",
    "env",
    "secret",
    "secret-reveal",
    "state",
    "llm",
    "retrieval",
    "planner",
    "ask",
    "invoke",
    "hook",
    "hook-content",
    "hook-modify",
    "hook-gate",
    "action",
    "host",
    "stdin",
    "stdout",
    "stderr",
    "args",
    "log",
    "clocks",
    "random",
];

impl FromStr for Capability {
    type Err = CapabilityError;

    fn from_str(text: &str) -> Result<Self, CapabilityError> {
        let whole = Piece::new(text);
        if text.len() > MAX_CAPABILITY_BYTES {
            let shown = text.char_indices().nth(64).map_or(text.len(), |(at, _)| at);
            return Err(Piece::new(&text[..shown])
                .fail(Kind::TooLong, "a capability has at most 8192 bytes"));
        }
        let (head, body) = whole
            .split_once(":")
            .map_or((whole, None), |(head, body)| (head, Some(body)));
        match body {
            Some(body) => scoped(head, body),
            None => bare(head),
        }
        .map_err(|error| with_prefix_suggestion(text, error))
    }
}

/// Parses a capability that has something after its name.
fn scoped(head: Piece<'_>, body: Piece<'_>) -> Result<Capability, CapabilityError> {
    Ok(match head.text() {
        "http" => Capability::Http(HttpRule::parse(body)?),
        "tcp" => Capability::Tcp(TcpRule::parse(body)?),
        "fs" => Capability::Fs(FsRule::parse(body)?),
        "env" => Capability::Env(EnvName::parse(body)?),
        "secret" => Capability::Secret(Name::parse(body)?),
        "secret-reveal" => Capability::SecretReveal(Name::parse(body)?),
        "state" => Capability::State(Some(parse_bytes(body)?)),
        "llm" => Capability::Llm(Some(Glob::parse(body)?)),
        "retrieval" => Capability::Retrieval(Some(Name::parse(body)?)),
        "invoke" => Capability::Invoke(InvokeRule::parse(body)?),
        "hook" => Capability::Hook(HookPoint::parse(body)?),
        "hook-content" => Capability::HookContent(HookPoint::parse(body)?),
        "hook-modify" => Capability::HookModify(HookPoint::parse(body)?),
        "hook-gate" => Capability::HookGate(HookPoint::parse(body)?),
        "action" => Capability::Action(ActionRule::parse(body)?),
        "host" => Capability::Host(Name::parse(body)?),
        "planner" | "ask" | "stdin" | "stdout" | "stderr" | "args" | "log" | "clocks"
        | "random" => {
            let rule = "this capability is one word, with nothing after it";
            return Err(body.fail(Kind::Unexpected, rule).suggest(head.text()));
        }
        _ => return Err(unknown(head)),
    })
}

/// Parses a capability that is one word.
fn bare(head: Piece<'_>) -> Result<Capability, CapabilityError> {
    Ok(match head.text() {
        "state" => Capability::State(None),
        "llm" => Capability::Llm(None),
        "retrieval" => Capability::Retrieval(None),
        "planner" => Capability::Planner,
        "ask" => Capability::Ask,
        "stdin" => Capability::Stdin,
        "stdout" => Capability::Stdout,
        "stderr" => Capability::Stderr,
        "args" => Capability::Args,
        "log" => Capability::Log,
        "clocks" => Capability::Clocks,
        "random" => Capability::Random,
        _ => return Err(unknown(head)),
    })
}

/// Words that say too little, the rule that each runs into, and what to write.
const UNSCOPED: &[(&[&str], &str, &str)] = &[
    (
        &["env", "environment"],
        "a variable is granted by its name: `env:NAME`",
        "env:HOME",
    ),
    (
        &["fs", "file", "files", "filesystem"],
        "a folder is granted by its path and access: `fs:ro:/folder`, or `fs:ro:{slot}` where the operator chooses it",
        "fs:ro:{folder}",
    ),
    (
        &["http", "https", "network", "net", "internet", "web"],
        "the network is granted by address: `http:https://host/path/*`, or `http:*` for public names over https",
        "http:https://api.example.com",
    ),
    (
        &["tcp", "socket", "sockets"],
        "a connection is granted by host and port: `tcp:host:port`",
        "tcp:db.example.com:5432",
    ),
    (
        &["udp"],
        "there is no UDP; a connection is granted by host and port: `tcp:host:port`",
        "tcp:db.example.com:5432",
    ),
    (
        &["secret", "secrets"],
        "a secret is granted by its name: `secret:NAME`",
        "secret:API_KEY",
    ),
    (
        &["secret-reveal"],
        "a secret is revealed by its name: `secret-reveal:NAME`",
        "secret-reveal:API_KEY",
    ),
    (
        &["invoke"],
        "another plugin's tool is granted by name: `invoke:PLUGIN/TOOL`",
        "invoke:org.example.search/find",
    ),
    (
        &["hook", "hooks"],
        "a hook is granted by its point: `hook:POINT`",
        "hook:after-tool-call",
    ),
    (
        &["hook-content"],
        "content is granted by its point: `hook-content:POINT`",
        "hook-content:after-tool-call",
    ),
    (
        &["hook-modify"],
        "a change is granted by its point: `hook-modify:POINT`",
        "hook-modify:before-tool-call",
    ),
    (
        &["hook-gate"],
        "a gate is granted by its point: `hook-gate:POINT`",
        "hook-gate:before-tool-call",
    ),
    (
        &["action", "actions"],
        "an action is granted by its kind: `action:KIND`",
        "action:switch-model",
    ),
    (
        &["host"],
        "an interface of the host's own program is granted by its name: `host:NAME`",
        "host:billing",
    ),
];

fn unknown(head: Piece<'_>) -> CapabilityError {
    let rule = "a capability starts with one of: http tcp fs env secret secret-reveal state llm retrieval planner ask \
        invoke hook hook-content hook-modify hook-gate action host stdin stdout stderr args log clocks random";
    let word = head.text();
    if let Some((_, rule, example)) = UNSCOPED.iter().find(|(words, ..)| words.contains(&word)) {
        return head.fail(Kind::Unscoped, rule).suggest(*example);
    }
    let failure = head.fail(Kind::Unknown, rule);
    match report::nearest(word, NAMES.iter().copied()) {
        Some(near) => failure.suggest_instead(near),
        None => failure,
    }
}

/// The most common slip is an address without `http:`; where that is all, it is the suggestion.
fn with_prefix_suggestion(text: &str, error: CapabilityError) -> CapabilityError {
    if !text.contains("://") && error.kind != Kind::Scheme {
        return error;
    }
    let body = text
        .strip_prefix("http:")
        .filter(|body| !body.starts_with("//"))
        .unwrap_or(text);
    let candidates = [format!("http:{body}"), format!("http:https://{body}")];
    match candidates
        .into_iter()
        .find(|candidate| candidate != text && scoped_http(candidate))
    {
        Some(candidate) if error.suggestion.is_none() || error.kind == Kind::Unscoped => {
            error.suggest(candidate)
        }
        _ => error,
    }
}

fn scoped_http(candidate: &str) -> bool {
    Piece::new(candidate)
        .strip_prefix("http:")
        .is_some_and(|body| HttpRule::parse(body).is_ok())
}

fn parse_bytes(piece: Piece<'_>) -> Result<u64, CapabilityError> {
    let rule = "a quota is a number of bytes or a size such as `64KiB` or `1MiB`";
    match piece.text().parse::<ByteSize>() {
        Ok(size) if !piece.text().contains(char::is_whitespace) => Ok(size.as_u64()),
        _ => Err(piece.fail(Kind::Size, rule)),
    }
}

/// Bytes in the largest unit that holds them without a fraction.
fn show_bytes(bytes: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match units
        .into_iter()
        .find(|(_, size)| bytes > 0 && bytes.is_multiple_of(*size))
    {
        Some((unit, size)) => write!(f, "{}{unit}", bytes / size),
        None => write!(f, "{bytes}"),
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::Http(rule) => write!(f, ":{rule}"),
            Self::Tcp(rule) => write!(f, ":{rule}"),
            Self::Fs(rule) => write!(f, ":{rule}"),
            Self::Env(name) => write!(f, ":{name}"),
            Self::Secret(name)
            | Self::SecretReveal(name)
            | Self::Retrieval(Some(name))
            | Self::Host(name) => {
                write!(f, ":{name}")
            }
            Self::State(Some(bytes)) => {
                f.write_str(":")?;
                show_bytes(*bytes, f)
            }
            Self::Llm(Some(model)) => write!(f, ":{model}"),
            Self::Invoke(rule) => write!(f, ":{rule}"),
            Self::Hook(point)
            | Self::HookContent(point)
            | Self::HookModify(point)
            | Self::HookGate(point) => {
                write!(f, ":{point}")
            }
            Self::Action(rule) => write!(f, ":{rule}"),
            Self::State(None) | Self::Llm(None) | Self::Retrieval(None) => Ok(()),
            Self::Planner | Self::Ask | Self::Stdin | Self::Stdout | Self::Stderr => Ok(()),
            Self::Args | Self::Log | Self::Clocks | Self::Random => Ok(()),
        }
    }
}

string_serde!(Capability);

impl Capability {
    /// The word before the colon; one of [`NAMES`].
    pub fn name(&self) -> &'static str {
        match self {
            Self::Http(_) => "http",
            Self::Tcp(_) => "tcp",
            Self::Fs(_) => "fs",
            Self::Env(_) => "env",
            Self::Secret(_) => "secret",
            Self::SecretReveal(_) => "secret-reveal",
            Self::State(_) => "state",
            Self::Llm(_) => "llm",
            Self::Retrieval(_) => "retrieval",
            Self::Planner => "planner",
            Self::Ask => "ask",
            Self::Invoke(_) => "invoke",
            Self::Hook(_) => "hook",
            Self::HookContent(_) => "hook-content",
            Self::HookModify(_) => "hook-modify",
            Self::HookGate(_) => "hook-gate",
            Self::Action(_) => "action",
            Self::Host(_) => "host",
            Self::Stdin => "stdin",
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
            Self::Args => "args",
            Self::Log => "log",
            Self::Clocks => "clocks",
            Self::Random => "random",
        }
    }
}
