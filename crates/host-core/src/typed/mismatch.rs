//! Where a value of the host does not fit a component's type.

use std::fmt;

use serde::{de, ser};

/// The place, as a JSON pointer, and what is wrong there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mismatch {
    pub(crate) pointer: String,
    pub(crate) problem: String,
    /// Whether it is about shapes, and would be there whatever the values were.
    pub(crate) of_shape: bool,
}

impl Mismatch {
    /// Two shapes that don't go together.
    pub(crate) fn shape(problem: impl fmt::Display) -> Self {
        Self {
            pointer: String::new(),
            problem: problem.to_string(),
            of_shape: true,
        }
    }

    /// A value that a type does not have.
    pub(crate) fn value(problem: impl fmt::Display) -> Self {
        Self {
            of_shape: false,
            ..Self::shape(problem)
        }
    }

    /// The same, seen from what holds it.
    pub(crate) fn within(mut self, key: impl fmt::Display) -> Self {
        let key = key.to_string().replace('~', "~0").replace('/', "~1");
        self.pointer.insert_str(0, &format!("/{key}"));
        self
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pointer.as_str() {
            "" => f.write_str(&self.problem),
            pointer => write!(f, "{pointer}: {}", self.problem),
        }
    }
}

impl std::error::Error for Mismatch {}

impl ser::Error for Mismatch {
    fn custom<T: fmt::Display>(problem: T) -> Self {
        Self::value(problem)
    }
}

impl de::Error for Mismatch {
    fn custom<T: fmt::Display>(problem: T) -> Self {
        Self::value(problem)
    }

    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::shape(format!(
            "the component gives {found}, where {expected} is asked for"
        ))
    }

    fn invalid_length(length: usize, expected: &dyn de::Expected) -> Self {
        Self::shape(format!(
            "the component gives {length} values, where {expected} is asked for"
        ))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::shape(format!(
            "the component has a case {variant:?}, and asked for are {expected:?}"
        ))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::shape(format!(
            "the component has a field {field:?}, and asked for are {expected:?}"
        ))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::shape(format!("the component has no field {field:?}"))
    }
}
