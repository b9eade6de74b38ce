//! HTTP methods that a rule can name.

use std::fmt;
use std::str::FromStr;

use super::error::{CapabilityError, CapabilityErrorKind as Kind, Piece};
use crate::text::string_serde;

/// A method that a plugin may use. CONNECT and TRACE are not among them, and no unknown one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// Read.
    Get,
    /// Read the headers alone.
    Head,
    /// Hand something over.
    Post,
    /// Replace.
    Put,
    /// Change in part.
    Patch,
    /// Remove.
    Delete,
    /// Ask what may be done.
    Options,
}

impl Method {
    /// All of them, in the order in which a rule names them.
    pub const ALL: [Self; 7] = [
        Self::Get,
        Self::Head,
        Self::Post,
        Self::Put,
        Self::Patch,
        Self::Delete,
        Self::Options,
    ];

    /// As it stands in a request.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
        }
    }
}

/// A method that no rule can name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no method that a plugin may use; those are GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS"
)]
pub struct MethodError(pub String);

impl FromStr for Method {
    type Err = MethodError;

    fn from_str(text: &str) -> Result<Self, MethodError> {
        let known = Self::ALL.into_iter().find(|method| method.as_str() == text);
        known.ok_or_else(|| MethodError(text.to_owned()))
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

string_serde!(Method);

/// A set of methods, never empty where it was parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Methods(u8);

/// GET and HEAD: what a rule means that names none.
impl Default for Methods {
    fn default() -> Self {
        [Method::Get, Method::Head].into_iter().collect()
    }
}

impl FromIterator<Method> for Methods {
    fn from_iter<I: IntoIterator<Item = Method>>(methods: I) -> Self {
        Self(
            methods
                .into_iter()
                .fold(0, |set, method| set | 1 << method as u8),
        )
    }
}

impl Methods {
    /// Whether the method is in the set.
    pub fn contains(self, method: Method) -> bool {
        self.0 & 1 << method as u8 != 0
    }

    /// Whether every method of `other` is in this set.
    pub fn covers(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// What is in both.
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether no method is left.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The methods in the order in which a rule names them.
    pub fn iter(self) -> impl Iterator<Item = Method> {
        Method::ALL
            .into_iter()
            .filter(move |method| self.contains(*method))
    }

    pub(crate) fn parse(piece: Piece<'_>) -> Result<Self, CapabilityError> {
        let rule = "methods are GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS in capitals, each at most once, with \
            commas between and one space after the last";
        let mut set = Self(0);
        let mut rest = Some(piece);
        while let Some(list) = rest {
            let (word, tail) = list
                .split_once(",")
                .map_or((list, None), |(word, tail)| (word, Some(tail)));
            let method = word.text().parse::<Method>().map_err(|_| {
                let failure = word.fail(Kind::Method, rule);
                let meant = word.text().trim().to_ascii_uppercase();
                match meant.parse::<Method>() {
                    Ok(method) => failure.suggest_instead(method.as_str()),
                    Err(_) => failure,
                }
            })?;
            if set.contains(method) {
                return Err(word.fail(Kind::Method, rule));
            }
            set.0 |= 1 << method as u8;
            rest = tail;
        }
        Ok(set)
    }
}

impl fmt::Display for Methods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, method) in self.iter().enumerate() {
            write!(f, "{}{method}", if at == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}
