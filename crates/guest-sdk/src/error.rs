//! A tool's own failure.

use std::error::Error;
use std::fmt;

use serde::Serialize;

/// A tool's own failure: the call was made, and this is why it has no result.
///
/// Every [`std::error::Error`] turns into one with `?`, under the code `internal`, or that of the SDK's own error that
/// it is or was caused by: a request that was [denied](crate::http::Error::Denied) ends the call with `denied`. That is
/// why `ToolError` itself is no `Error`.
///
/// ```
/// use portcullis_guest_sdk::prelude::*;
///
/// /// Halves an even number.
/// #[plugin_tool]
/// fn halve(number: String) -> Result<i64, ToolError> {
///     let number: i64 = number.parse()?;
///     if number % 2 != 0 {
///         return Err(ToolError::invalid_arguments(format!("{number} is odd; give an even number")));
///     }
///     Ok(number / 2)
/// }
///
/// assert_eq!(halve("42".into()), Ok(21));
/// assert_eq!(halve("many".into()).unwrap_err().code, "internal");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolError {
    /// Stable and machine-readable: one of the published codes (there is a constructor for each), or the plugin's own.
    pub code: String,
    /// What went wrong and what to do next, for people and models.
    pub message: String,
    /// JSON.
    pub details: Option<String>,
    /// Whether the same call may succeed later.
    pub retryable: bool,
}

impl ToolError {
    /// An error under a code of the plugin's own.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            details: None,
            retryable: false,
        }
    }

    /// The arguments fit the schema and yet make no sense; say which and why.
    pub fn invalid_arguments(message: impl Into<String>) -> Self {
        Self::new("invalid-arguments", message)
    }

    /// What was asked for does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new("not-found", message)
    }

    /// The plugin or its caller may not do this.
    pub fn denied(message: impl Into<String>) -> Self {
        Self::new("denied", message)
    }

    /// Something this tool relies on does not answer now; retryable.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new("unavailable", message).retryable(true)
    }

    /// What was asked for clashes with what is there.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new("conflict", message)
    }

    /// The tool stopped early because the caller asked it to.
    pub fn cancelled(message: impl Into<String>) -> Self {
        Self::new("cancelled", message)
    }

    /// This tool can't do that.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new("unsupported", message)
    }

    /// A fault in the tool.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new("internal", message)
    }

    /// Adds details for programs. A value that has no JSON form is left out.
    ///
    /// ```
    /// use portcullis_guest_sdk::ToolError;
    ///
    /// let error = ToolError::not_found("no such page").with_details(&[1, 2]);
    /// assert_eq!(error.details.as_deref(), Some("[1,2]"));
    /// ```
    #[must_use]
    pub fn with_details(mut self, details: &impl Serialize) -> Self {
        self.details = serde_json::to_string(details).ok();
        self
    }

    /// Says whether the same call may succeed later.
    #[must_use]
    pub fn retryable(mut self, retryable: bool) -> Self {
        self.retryable = retryable;
        self
    }
}

impl fmt::Display for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

/// The SDK's own errors keep their code, wherever in a chain of causes they stand.
fn published(error: &(dyn Error + 'static)) -> Option<(String, bool)> {
    if let Some(error) = error.downcast_ref::<crate::http::Error>() {
        Some((error.code().to_owned(), error.is_retryable()))
    } else if let Some(error) = error.downcast_ref::<crate::HostError>() {
        Some((error.code().to_owned(), error.is_retryable()))
    } else {
        let error = error.downcast_ref::<crate::chat::ChatError>()?;
        Some((error.code.clone(), error.retryable))
    }
}

impl<E: Error + 'static> From<E> for ToolError {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut found = published(&error);
        let mut source = error.source();
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            // Many errors already print their source.
            if !message.contains(&cause_text) {
                message.push_str(": ");
                message.push_str(&cause_text);
            }
            found = found.or_else(|| published(cause));
            source = cause.source();
        }
        match found {
            Some((code, retryable)) => Self::new(code, message).retryable(retryable),
            None => Self::internal(message),
        }
    }
}
