//! Limits as people write them.

use std::time::Duration;

use bytesize::ByteSize;

/// Why a limit's value can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LimitError {
    /// No limit of this name.
    #[error("there is no limit `{key}`{}", .suggestion.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default())]
    Unknown {
        /// What was written.
        key: String,
        /// The nearest limit there is.
        suggestion: Option<&'static str>,
    },
    /// The value is not a duration.
    #[error("`{key}` takes a duration such as \"5s\", \"250ms\" or \"2min\", not {value}")]
    Duration {
        /// The limit.
        key: &'static str,
        /// What was written.
        value: String,
    },
    /// The value is not a size.
    #[error(
        "`{key}` takes a number of bytes or a size such as \"256MiB\" or \"64KiB\", not {value}"
    )]
    Bytes {
        /// The limit.
        key: &'static str,
        /// What was written.
        value: String,
    },
    /// The value is not a number.
    #[error("`{key}` takes a whole number from 0 to {max}, not {value}")]
    Count {
        /// The limit.
        key: &'static str,
        /// The largest number it can hold.
        max: u64,
        /// What was written.
        value: String,
    },
}

/// A value as it stands in a settings file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(untagged)]
pub(super) enum Raw {
    Number(u64),
    Text(String),
}

impl Raw {
    fn shown(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => format!("{text:?}"),
        }
    }

    pub(super) fn duration(&self, key: &'static str) -> Result<Duration, LimitError> {
        match self {
            Self::Text(text) => humantime::parse_duration(text).ok(),
            // A bare number of what? Seconds and milliseconds have both been meant.
            Self::Number(_) => None,
        }
        .ok_or_else(|| LimitError::Duration {
            key,
            value: self.shown(),
        })
    }

    pub(super) fn bytes(&self, key: &'static str) -> Result<u64, LimitError> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.parse::<ByteSize>().ok().map(|size| size.as_u64()),
        }
        .ok_or_else(|| LimitError::Bytes {
            key,
            value: self.shown(),
        })
    }

    pub(super) fn count<T: TryFrom<u64>>(
        &self,
        key: &'static str,
        max: u64,
    ) -> Result<T, LimitError> {
        match self {
            Self::Number(number) => T::try_from(*number).ok(),
            Self::Text(text) => text
                .parse::<u64>()
                .ok()
                .and_then(|number| T::try_from(number).ok()),
        }
        .ok_or_else(|| LimitError::Count {
            key,
            max,
            value: self.shown(),
        })
    }
}
