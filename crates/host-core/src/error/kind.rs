//! The kinds of errors, alone.

use std::fmt;

use serde::Serialize;

use super::Error;

impl Error {
    /// The kind alone.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::Io { .. } => ErrorKind::Io,
            Error::NotAComponent { .. } => ErrorKind::NotAComponent,
            Error::ContractVersion { .. } => ErrorKind::ContractVersion,
            Error::NotServed { .. } => ErrorKind::NotServed,
            Error::UnknownImport { .. } => ErrorKind::UnknownImport,
            Error::NoTools => ErrorKind::NoTools,
            Error::Manifest(_) | Error::ManifestSection(_) | Error::ManifestTwice { .. } => {
                ErrorKind::Manifest
            }
            Error::Changed { .. } => ErrorKind::Changed,
            Error::Signatures { .. } | Error::Untrusted(_) => ErrorKind::Untrusted,
            Error::Discovery { .. } => ErrorKind::Discovery,
            Error::Trust(_) => ErrorKind::Trust,
            Error::NotActive { .. } => ErrorKind::NotActive,
            Error::UnknownCapability(_) => ErrorKind::UnknownCapability,
            Error::Definition { .. } => ErrorKind::Definition,
            Error::Folder { .. } => ErrorKind::Folder,
            Error::LoadLimit { .. } | Error::CompileTime { .. } => ErrorKind::LoadLimit,
            Error::Probe { .. } => ErrorKind::Probe,
            Error::Secret(_) => ErrorKind::Secret,
            Error::UnknownTool { .. } => ErrorKind::UnknownTool,
            Error::InvalidArguments { .. } => ErrorKind::InvalidArguments,
            Error::Unsupported { .. } => ErrorKind::Unsupported,
            Error::UnknownHook { .. } => ErrorKind::UnknownHook,
            Error::UnknownProvider { .. } => ErrorKind::UnknownProvider,
            Error::UnknownResource { .. } => ErrorKind::UnknownResource,
            Error::UnknownPrompt { .. } => ErrorKind::UnknownPrompt,
            Error::Chain { .. } => ErrorKind::Chain,
            Error::Hook { .. } => ErrorKind::Hook,
            Error::Chat(_) => ErrorKind::Chat,
            Error::Tool(_) => ErrorKind::Tool,
            Error::Resource(_) => ErrorKind::Resource,
            Error::Prompt(_) => ErrorKind::Prompt,
            Error::Trapped(_) => ErrorKind::Trapped,
            Error::DeadlineExceeded { .. } => ErrorKind::DeadlineExceeded,
            Error::OutOfFuel { .. } => ErrorKind::OutOfFuel,
            Error::MemoryExceeded { .. } => ErrorKind::MemoryExceeded,
            Error::OutputTooLarge { .. } => ErrorKind::OutputTooLarge,
            Error::LimitExceeded { .. } => ErrorKind::LimitExceeded,
            Error::Busy { .. } => ErrorKind::Busy,
            Error::Cancelled => ErrorKind::Cancelled,
            Error::Stopped => ErrorKind::Stopped,
            Error::Start { .. } => ErrorKind::Start,
            Error::BrokenContract { .. } => ErrorKind::BrokenContract,
            Error::Settings { .. } => ErrorKind::Settings,
            Error::Denied { .. } => ErrorKind::Denied,
            Error::Host { .. } => ErrorKind::Host,
        }
    }
}

/// The kinds of [`Error`], for who only needs to tell them apart. Displayed in kebab-case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "each is the variant of Error with the same name"
)]
pub enum ErrorKind {
    Io,
    NotAComponent,
    ContractVersion,
    NotServed,
    UnknownImport,
    NoTools,
    Manifest,
    Changed,
    Untrusted,
    Discovery,
    Trust,
    NotActive,
    UnknownCapability,
    Definition,
    Folder,
    LoadLimit,
    Probe,
    Secret,
    UnknownTool,
    InvalidArguments,
    Unsupported,
    UnknownHook,
    UnknownProvider,
    UnknownResource,
    UnknownPrompt,
    Chain,
    Hook,
    Chat,
    Tool,
    Resource,
    Prompt,
    Trapped,
    DeadlineExceeded,
    OutOfFuel,
    MemoryExceeded,
    OutputTooLarge,
    LimitExceeded,
    Busy,
    Cancelled,
    Stopped,
    Start,
    BrokenContract,
    Settings,
    Denied,
    Host,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}
