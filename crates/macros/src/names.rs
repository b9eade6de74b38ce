//! Names of what a plugin brings.

use proc_macro2::{Span, TokenStream};

use crate::errors::Errors;
use crate::function;

/// A name is at most this long: tools of several plugins share a model's list, whose names end at 64, and the others have no
/// reason to differ.
const CHARACTERS: usize = 64;

/// What is named.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    /// `tool`
    pub(crate) word: &'static str,
    /// `#[plugin_tool(name = "…")]`
    pub(crate) remedy: &'static str,
}

pub(crate) fn check(name: &str, span: Span, kind: Kind, errors: &mut Errors) {
    let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    let goes_on_well = name
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-');
    if !(starts_well && goes_on_well && name.len() <= CHARACTERS) {
        let Kind { word, remedy } = kind;
        errors.at_span(
            span,
            format_args!(
                "`{name}` can't be a {word}'s name: it takes 1 to {CHARACTERS} of a-z, 0-9, _ and -, the first a letter or a \
                 digit; give another with {remedy}"
            ),
        );
    }
}

/// An argument that callers give by its name; identifiers of Rust may have letters that other languages' may not.
pub(crate) fn check_argument(name: &str, span: Span, errors: &mut Errors) {
    let goes_well = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !(goes_well && name.len() <= CHARACTERS) {
        errors.at_span(
            span,
            format_args!(
                "`{name}` can't be an argument's name: it takes 1 to {CHARACTERS} of a-z, A-Z, 0-9 and _; give it another"
            ),
        );
    }
}

/// Guards against a second one of its kind and name.
pub(crate) fn unique(name: &str, span: Span, kind: Kind) -> TokenStream {
    // Capitals are in no name, so they can't make two names one.
    let name = name.replace('-', "DASH");
    let word = kind.word;
    function::unique(
        &format!("two_{word}s_of_this_plugin_are_called_{name}_so_give_one_another_name"),
        span,
    )
}
