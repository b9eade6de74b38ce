//! What stands in `#[plugin_resource(…)]`.

use proc_macro2::{Span, TokenStream};
use syn::{ItemFn, LitStr, Meta};

use super::{KIND, WORDS};
use crate::attribute::{self, Name};
use crate::errors::Errors;
use crate::names;
use crate::uri::{self, Part};

/// Where a resource is and what it says of itself, checked.
pub(crate) struct ResourceAttribute {
    pub(crate) address: LitStr,
    /// The variables of a template; `None`, if it is the address of one resource.
    pub(crate) variables: Option<Vec<String>>,
    pub(crate) name: Name,
    pub(crate) title: Option<String>,
    pub(crate) media_type: Option<String>,
}

/// `None` where there is no address, which is then among the errors.
pub(crate) fn parse(
    attribute: TokenStream,
    function: &ItemFn,
    errors: &mut Errors,
) -> Option<ResourceAttribute> {
    let mut name = Name::of_function(function);
    let (mut title, mut media_type) = (None, None);
    let mut addresses: Vec<(String, &Meta)> = Vec::new();
    let example = "#[plugin_resource(uri = \"…\", media_type = \"…\")]";
    let metas = attribute::list(attribute, WORDS, example, errors)?;
    for (key, meta) in attribute::each_once(&metas, errors) {
        match key.as_str() {
            "uri" | "template" => addresses.push((key, meta)),
            "name" => {
                if let Some(text) = attribute::text(meta, errors) {
                    name = Name::of_text(&text);
                }
            }
            "title" => title = attribute::text(meta, errors).map(|title| title.value()),
            "media_type" => media_type = self::media_type(meta, errors),
            _ => errors.at(
                meta.path(),
                "#[plugin_resource] doesn't know this; it takes uri or template, name, title, media_type",
            ),
        }
    }
    names::check(&name.text, name.span, KIND, errors);
    let (address, variables) = address(&addresses, errors)?;
    Some(ResourceAttribute {
        address,
        variables,
        name,
        title,
        media_type,
    })
}

/// The one address, and the variables in it.
fn address(
    addresses: &[(String, &Meta)],
    errors: &mut Errors,
) -> Option<(LitStr, Option<Vec<String>>)> {
    let (key, meta) = match addresses {
        [one] => one,
        [] => {
            errors.at_span(
                Span::call_site(),
                "a resource needs an address; write #[plugin_resource(uri = \"…\")], or template = \"…/{name}\" for many of them",
            );
            return None;
        }
        [_, (_, second), ..] => {
            errors.at(
                second,
                "a resource has one address, or a template of many; keep one of the two",
            );
            return None;
        }
    };
    let text = attribute::text(meta, errors)?;
    let checked = match key.as_str() {
        "uri" => uri::address(&text.value()).map(|()| None),
        _ => uri::template(&text.value()).map(|parts| Some(variables(parts))),
    };
    match checked {
        Ok(variables) => Some((text, variables)),
        Err(error) => {
            errors.at_span(text.span(), error);
            None
        }
    }
}

fn variables(parts: Vec<Part>) -> Vec<String> {
    let variables = parts.into_iter().filter_map(|part| match part {
        Part::Variable(name) => Some(name),
        Part::Literal(_) => None,
    });
    variables.collect()
}

fn media_type(meta: &Meta, errors: &mut Errors) -> Option<String> {
    let text = attribute::text(meta, errors)?;
    let value = text.value();
    if is_media_type(&value) {
        return Some(value);
    }
    errors.at_span(
        text.span(),
        format_args!("`{value}` is no media type, which is two names with `/` between; write one such as \"text/plain\""),
    );
    None
}

/// Whether it is `type/subtype`, with or without parameters.
fn is_media_type(text: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    let (essence, parameters) = text.split_once(';').unwrap_or((text, ""));
    essence
        .split_once('/')
        .is_some_and(|(of, kind)| is_name(of) && is_name(kind))
        && parameters.bytes().all(|b| (b' '..=b'~').contains(&b))
}
