//! What stands in the attributes' parentheses.

use proc_macro2::{Span, TokenStream};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, Lit, LitStr, Meta, Token};

use crate::errors::Errors;
use crate::function::Words;

/// Reads a list of settings; `None` where it is none, which is then among the errors.
pub(crate) fn list(
    attribute: TokenStream,
    words: Words,
    example: &str,
    errors: &mut Errors,
) -> Option<Vec<Meta>> {
    match Punctuated::<Meta, Token![,]>::parse_terminated.parse2(attribute) {
        Ok(metas) => Some(metas.into_iter().collect()),
        Err(error) => {
            no_list(&error, words, example, errors);
            None
        }
    }
}

pub(crate) fn no_list(error: &syn::Error, words: Words, example: &str, errors: &mut Errors) {
    errors.at_span(
        error.span(),
        format_args!(
            "{error}: {} takes a list such as {example}",
            words.attribute
        ),
    );
}

/// Each setting once, with its key.
pub(crate) fn each_once<'a>(metas: &'a [Meta], errors: &mut Errors) -> Vec<(String, &'a Meta)> {
    let mut seen: Vec<(String, &Meta)> = Vec::new();
    for meta in metas {
        let key = key(meta);
        if seen.iter().any(|(known, _)| *known == key) {
            errors.at(
                meta.path(),
                format_args!("`{key}` is given twice; keep one"),
            );
        } else {
            seen.push((key, meta));
        }
    }
    seen
}

pub(crate) fn key(meta: &Meta) -> String {
    meta.path()
        .get_ident()
        .map(ToString::to_string)
        .unwrap_or_default()
}

pub(crate) fn text(meta: &Meta, errors: &mut Errors) -> Option<LitStr> {
    if let Meta::NameValue(pair) = meta
        && let Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) = &pair.value
    {
        return Some(text.clone());
    }
    let key = key(meta);
    errors.at(
        meta,
        format_args!("`{key}` takes a text; write {key} = \"…\""),
    );
    None
}

/// A name that is given, or that of the function.
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) span: Span,
}

impl Name {
    pub(crate) fn of_text(text: &LitStr) -> Self {
        Self {
            text: text.value(),
            span: text.span(),
        }
    }

    pub(crate) fn of_function(function: &syn::ItemFn) -> Self {
        use syn::ext::IdentExt;

        let ident = &function.sig.ident;
        Self {
            text: ident.unraw().to_string(),
            span: ident.span(),
        }
    }
}
