//! What is wrong with a file.

use std::fmt;
use std::ops::Range;

use crate::capability::CapabilityError;
use crate::limits::LimitError;
use crate::report;

/// What is wrong at one place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentErrorKind {
    /// Not TOML.
    #[error("{0}")]
    Syntax(String),
    /// A key or table that there is not.
    #[error("`{0}` is not known here")]
    UnknownKey(String),
    /// A key that must be there.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A value of the wrong type.
    #[error("`{key}` is {expected}, not {found}")]
    Type {
        /// The key.
        key: String,
        /// What it takes.
        expected: &'static str,
        /// What stands there.
        found: &'static str,
    },
    /// A value that breaks a rule.
    #[error("{0}")]
    Value(String),
    /// A capability that is none.
    #[error("`{}` is not a capability: {}", .0.text, .0.rule)]
    Capability(CapabilityError),
    /// A limit that is none.
    #[error("{0}")]
    Limit(LimitError),
}

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentError {
    /// What is wrong.
    pub kind: DocumentErrorKind,
    /// Bytes of the file.
    pub span: Range<usize>,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What may have been meant.
    pub suggestion: Option<String>,
}

impl DocumentError {
    pub(super) fn new(text: &str, span: Range<usize>, kind: DocumentErrorKind) -> Self {
        let before = text.get(..span.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.matches('\n').count() + 1;
        let column = before[line_start..].chars().count() + 1;
        Self {
            kind,
            span,
            line,
            column,
            suggestion: None,
        }
    }
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {}, column {}: {}",
            self.line, self.column, self.kind
        )?;
        match &self.suggestion {
            Some(suggestion) => write!(f, "; write `{suggestion}`"),
            None => Ok(()),
        }
    }
}

/// Everything that is wrong with a file; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentErrors {
    pub(super) text: String,
    pub(super) errors: Vec<DocumentError>,
}

impl DocumentErrors {
    /// The errors in the order of their lines.
    pub fn errors(&self) -> &[DocumentError] {
        &self.errors
    }

    /// All errors, each with the lines it is about and carets under the place; `path` is the file's name.
    pub fn report(&self, path: &str) -> String {
        let one = |error: &DocumentError| {
            let help = error
                .suggestion
                .as_ref()
                .map(|text| format!("write `{text}`"));
            let help: Vec<&str> = help.iter().map(String::as_str).collect();
            report::render(
                path,
                &self.text,
                error.span.clone(),
                &error.kind.to_string(),
                "",
                &help,
            )
        };
        self.errors.iter().map(one).collect::<Vec<_>>().join("\n\n")
    }
}

/// One line for each error.
impl fmt::Display for DocumentErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, error) in self.errors.iter().enumerate() {
            write!(f, "{}{error}", if at == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for DocumentErrors {}
