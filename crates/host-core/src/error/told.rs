//! What of an error is for everybody.

use super::{Error, ErrorKind};

impl Error {
    /// What went wrong, for models and plugins: without what is only the operator's to know, such as settings, folders and the reasons
    /// of denials. What is a plugin's own is as its author wrote it.
    pub fn told(&self) -> String {
        match self {
            Self::Tool(error) | Self::Resource(error) | Self::Prompt(error) => {
                error.message.clone()
            }
            Self::Chat(error) => error.message.clone(),
            Self::Hook { message, .. } => message.clone(),
            error if error.is_for_everybody() => error.to_string(),
            error => format!("it can't be used on this host now ({})", error.kind()),
        }
    }

    /// Whether it says nothing but what the call's maker knows, or the plugin's author wrote.
    fn is_for_everybody(&self) -> bool {
        matches!(
            self.kind(),
            ErrorKind::UnknownTool
                | ErrorKind::UnknownHook
                | ErrorKind::UnknownProvider
                | ErrorKind::UnknownResource
                | ErrorKind::UnknownPrompt
                | ErrorKind::Chain
                | ErrorKind::InvalidArguments
                | ErrorKind::Unsupported
                | ErrorKind::Denied
                | ErrorKind::Trapped
                | ErrorKind::DeadlineExceeded
                | ErrorKind::OutOfFuel
                | ErrorKind::MemoryExceeded
                | ErrorKind::OutputTooLarge
                | ErrorKind::LimitExceeded
                | ErrorKind::Busy
                | ErrorKind::Cancelled
                | ErrorKind::Stopped
                | ErrorKind::BrokenContract
        )
    }
}
