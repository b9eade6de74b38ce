//! What stands in `#[plugin_tool(…)]`.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, ItemFn, Lit, LitStr, Meta, Token};

use crate::errors::Errors;

/// A tool's name and what it says of itself, checked.
pub(crate) struct ToolAttribute {
    pub(crate) name: String,
    pub(crate) name_span: Span,
    pub(crate) title: Option<String>,
    pub(crate) annotations: Vec<(&'static str, bool)>,
}

/// The hints and the contract's keys for them.
const HINTS: [(&str, &str); 4] = [
    ("read_only", "read-only"),
    ("destructive", "destructive"),
    ("idempotent", "idempotent"),
    ("open_world", "open-world"),
];

/// A tool's name is at most this long: tools of several plugins share a model's list, whose names end at 64.
const NAME_CHARACTERS: usize = 64;

pub(crate) fn parse(
    attribute: TokenStream,
    function: &ItemFn,
    errors: &mut Errors,
) -> ToolAttribute {
    let ident = &function.sig.ident;
    let mut parsed = ToolAttribute {
        name: ident.unraw().to_string(),
        name_span: ident.span(),
        title: None,
        annotations: Vec::new(),
    };
    let metas = match Punctuated::<Meta, Token![,]>::parse_terminated.parse2(attribute) {
        Ok(metas) => metas,
        Err(error) => {
            errors.at_span(
                error.span(),
                format_args!("{error}: #[plugin_tool] takes a list such as #[plugin_tool(name = \"…\", read_only)]"),
            );
            return parsed;
        }
    };
    let mut seen: Vec<String> = Vec::new();
    for meta in &metas {
        let key = meta
            .path()
            .get_ident()
            .map(ToString::to_string)
            .unwrap_or_default();
        if seen.contains(&key) {
            errors.at(
                meta.path(),
                format_args!("`{key}` is given twice; keep one"),
            );
            continue;
        }
        match (key.as_str(), HINTS.iter().find(|(hint, _)| *hint == key)) {
            ("name", _) => {
                if let Some(name) = text(meta, errors) {
                    parsed.name = name.value();
                    parsed.name_span = name.span();
                }
            }
            ("title", _) => parsed.title = text(meta, errors).map(|title| title.value()),
            (_, Some((_, wire_key))) => {
                if let Some(value) = flag(meta, errors) {
                    parsed.annotations.push((wire_key, value));
                }
            }
            _ => errors.at(
                meta.path(),
                "#[plugin_tool] doesn't know this; it takes name, title, read_only, destructive, idempotent, open_world",
            ),
        }
        seen.push(key);
    }
    check_name(&parsed, errors);
    parsed
}

fn check_name(parsed: &ToolAttribute, errors: &mut Errors) {
    let name = &parsed.name;
    let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    let goes_on_well = name
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-');
    if !(starts_well && goes_on_well && name.len() <= NAME_CHARACTERS) {
        errors.at_span(
            parsed.name_span,
            format_args!(
                "`{name}` can't be a tool's name: it takes 1 to {NAME_CHARACTERS} of a-z, 0-9, _ and -, the first a letter or a \
                 digit; give another with #[plugin_tool(name = \"…\")]"
            ),
        );
    }
}

fn text(meta: &Meta, errors: &mut Errors) -> Option<LitStr> {
    if let Meta::NameValue(pair) = meta
        && let Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) = &pair.value
    {
        return Some(text.clone());
    }
    let key = meta
        .path()
        .get_ident()
        .map(ToString::to_string)
        .unwrap_or_default();
    errors.at(
        meta,
        format_args!("`{key}` takes a text; write {key} = \"…\""),
    );
    None
}

fn flag(meta: &Meta, errors: &mut Errors) -> Option<bool> {
    match meta {
        Meta::Path(_) => return Some(true),
        Meta::NameValue(pair) => {
            if let Expr::Lit(ExprLit {
                lit: Lit::Bool(value),
                ..
            }) = &pair.value
            {
                return Some(value.value);
            }
        }
        Meta::List(_) => {}
    }
    let key = meta
        .path()
        .get_ident()
        .map(ToString::to_string)
        .unwrap_or_default();
    errors.at(
        meta,
        format_args!("`{key}` is a hint; write {key}, or {key} = false"),
    );
    None
}

#[cfg(test)]
mod tests {
    use quote::quote;
    use syn::{ItemFn, parse_quote};

    use super::parse;
    use crate::errors::Errors;

    /// Whether a tool may have this name.
    fn is_name(name: &str) -> bool {
        let function: ItemFn = parse_quote! { fn f() {} };
        let mut errors = Errors::default();
        parse(quote! { name = #name }, &function, &mut errors);
        errors.is_empty()
    }

    #[test]
    fn names_are_those_of_the_contract() {
        for good in ["a", "0", "read_file", "read-file", "x--_", &"a".repeat(64)] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "_a", "-a", "A", "a b", "a.b", "ä", &"a".repeat(65)] {
            assert!(!is_name(bad), "{bad}");
        }
    }

    #[test]
    fn a_raw_name_loses_its_mark() {
        let function: ItemFn = parse_quote! { fn r#match() {} };
        let parsed = parse(quote! {}, &function, &mut Errors::default());
        assert_eq!(parsed.name, "match");
    }

    #[test]
    fn all_mistakes_are_collected() {
        let function: ItemFn = parse_quote! { fn f() {} };
        let mut errors = Errors::default();
        parse(
            quote! { name = "A", title = 1, unknown, read_only = 2 },
            &function,
            &mut errors,
        );
        assert_eq!(
            errors
                .into_tokens()
                .to_string()
                .matches("compile_error")
                .count(),
            4
        );
    }
}
