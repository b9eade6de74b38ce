//! A host function's refusal or failure.

/// Why the host did not do what a plugin asked of it, in [`secrets`](crate::secrets), [`state`](crate::state) and [`ask`](crate::ask), for
/// some.
///
/// Turned into a [`ToolError`](crate::ToolError) with `?` it keeps its [`code`](Self::code).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// Nobody allowed it. The operator sees what would; the plugin does not.
    #[error("this plugin may not do this; its operator is told what would allow it")]
    Denied,
    /// What the plugin may keep, or may ask for, is used up.
    #[error("this plugin has used up what the host gives it: {message}")]
    QuotaExceeded {
        /// As the host tells it.
        message: String,
    },
    /// The entry is another one than the write expected.
    #[error("the entry has changed meanwhile")]
    Conflict,
    /// There is none.
    #[error("not found: {message}")]
    NotFound {
        /// As the host tells it.
        message: String,
    },
    /// It can't be asked for like that.
    #[error("the host can't take this: {message}")]
    Invalid {
        /// What is wrong with it.
        message: String,
    },
    /// It can't be had now.
    #[error("the host can't do this now: {message}")]
    Unavailable {
        /// As the host tells it.
        message: String,
    },
    /// A reason that this version of the SDK does not know.
    #[error("{code}: {message}")]
    Other {
        /// The contract's code.
        code: String,
        /// As the host tells it.
        message: String,
        /// Whether the same may succeed later.
        retryable: bool,
    },
}

impl HostError {
    /// The contract's code, and that of the [`ToolError`](crate::ToolError) that it turns into.
    pub fn code(&self) -> &str {
        match self {
            Self::Denied => "denied",
            Self::QuotaExceeded { .. } => "quota-exceeded",
            Self::Conflict => "conflict",
            Self::NotFound { .. } => "not-found",
            Self::Invalid { .. } => "invalid",
            Self::Unavailable { .. } => "unavailable",
            Self::Other { code, .. } => code,
        }
    }

    /// Whether the same may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unavailable { .. } => true,
            Self::Other { retryable, .. } => *retryable,
            _ => false,
        }
    }

    #[cfg_attr(
        not(target_arch = "wasm32"),
        expect(dead_code, reason = "the sandbox's")
    )]
    pub(crate) fn new(code: String, message: String, retryable: bool) -> Self {
        match code.as_str() {
            "denied" => Self::Denied,
            "quota-exceeded" => Self::QuotaExceeded { message },
            "conflict" => Self::Conflict,
            "not-found" => Self::NotFound { message },
            "invalid" => Self::Invalid { message },
            "unavailable" => Self::Unavailable { message },
            _ => Self::Other {
                code,
                message,
                retryable,
            },
        }
    }
}
