//! What stands in `#[plugin_tool(…)]`.

use proc_macro2::TokenStream;
use syn::{Expr, ExprLit, ItemFn, Lit, Meta};

use super::{KIND, WORDS};
use crate::attribute::{self, Name};
use crate::errors::Errors;
use crate::names;

/// A tool's name and what it says of itself, checked.
pub(crate) struct ToolAttribute {
    pub(crate) name: Name,
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

pub(crate) fn parse(
    attribute: TokenStream,
    function: &ItemFn,
    errors: &mut Errors,
) -> ToolAttribute {
    let mut parsed = ToolAttribute {
        name: Name::of_function(function),
        title: None,
        annotations: Vec::new(),
    };
    let example = "#[plugin_tool(name = \"…\", read_only)]";
    let Some(metas) = attribute::list(attribute, WORDS, example, errors) else {
        return parsed;
    };
    for (key, meta) in attribute::each_once(&metas, errors) {
        match (key.as_str(), HINTS.iter().find(|(hint, _)| *hint == key)) {
            ("name", _) => {
                if let Some(name) = attribute::text(meta, errors) {
                    parsed.name = Name::of_text(&name);
                }
            }
            ("title", _) => {
                parsed.title = attribute::text(meta, errors).map(|title| title.value());
            }
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
    }
    names::check(&parsed.name.text, parsed.name.span, KIND, errors);
    parsed
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
    let key = attribute::key(meta);
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
        assert_eq!(parsed.name.text, "match");
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
