//! What stands in `#[plugin_hook(…)]`.

use proc_macro2::{Ident, Span, TokenStream};
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Expr, ItemFn, LitInt, LitStr, Meta, Token, parse2};

use super::points::{POINTS, Point};
use super::{KIND, WORDS};
use crate::attribute::{self, Name};
use crate::errors::Errors;
use crate::names;

const EXAMPLE: &str = "#[plugin_hook(\"before-tool-call\", mode = gate, priority = 10)]";

const MODES: [&str; 3] = ["observe", "modify", "gate"];

const PHASES: [&str; 4] = ["validation", "authorization", "policy", "telemetry"];

/// Where a hook stands, checked.
pub(crate) struct HookAttribute {
    pub(crate) point: &'static Point,
    /// Of the point's name.
    pub(crate) span: Span,
    pub(crate) name: Name,
    pub(crate) mode: &'static str,
    pub(crate) phase: &'static str,
    pub(crate) priority: i32,
}

/// `None` where the point is not known, which is then among the errors.
pub(crate) fn parse(
    attribute: TokenStream,
    function: &ItemFn,
    errors: &mut Errors,
) -> Option<HookAttribute> {
    let (point, metas) = match split.parse2(attribute) {
        Ok(parts) => parts,
        Err(error) => {
            attribute::no_list(&error, WORDS, EXAMPLE, errors);
            return None;
        }
    };
    let mut parsed = HookAttribute {
        span: point
            .as_ref()
            .map_or_else(Span::call_site, |point| point.span()),
        point: known(point.as_ref(), errors)?,
        name: Name::of_function(function),
        mode: "observe",
        phase: "policy",
        priority: 0,
    };
    for (key, meta) in attribute::each_once(&metas, errors) {
        match key.as_str() {
            "mode" => {
                if let Some(mode) = word(meta, &MODES, errors) {
                    check_mode(parsed.point, mode, meta, errors);
                    parsed.mode = mode;
                }
            }
            "phase" => {
                if let Some(phase) = word(meta, &PHASES, errors) {
                    parsed.phase = phase;
                }
            }
            "priority" => {
                if let Some(priority) = number(meta, errors) {
                    parsed.priority = priority;
                }
            }
            "name" => {
                if let Some(name) = attribute::text(meta, errors) {
                    parsed.name = Name::of_text(&name);
                }
            }
            _ => errors.at(
                meta.path(),
                "#[plugin_hook] doesn't know this; it takes a point, and then mode, phase, priority, name",
            ),
        }
    }
    names::check(&parsed.name.text, parsed.name.span, KIND, errors);
    Some(parsed)
}

/// The point's name, which comes first, and the settings.
fn split(input: ParseStream<'_>) -> syn::Result<(Option<LitStr>, Vec<Meta>)> {
    let point = if input.peek(LitStr) {
        let point = input.parse()?;
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
        Some(point)
    } else {
        None
    };
    let metas = Punctuated::<Meta, Token![,]>::parse_terminated(input)?;
    Ok((point, metas.into_iter().collect()))
}

fn known(point: Option<&LitStr>, errors: &mut Errors) -> Option<&'static Point> {
    let Some(literal) = point else {
        errors.at_span(
            Span::call_site(),
            format_args!(
                "#[plugin_hook] needs the point that the hook stands on; write it first: {EXAMPLE}"
            ),
        );
        return None;
    };
    let name = literal.value();
    let point = POINTS.iter().find(|point| point.name == name);
    if point.is_none() {
        let remedy = match nearest(&name) {
            Some(nearest) => format!("write \"{nearest}\""),
            None => "take one of these".to_owned(),
        };
        let names: Vec<&str> = POINTS.iter().map(|point| point.name).collect();
        errors.at(
            literal,
            format_args!(
                "an agent's life has no point `{name}`; {remedy}: the points are {}",
                names.join(", ")
            ),
        );
    }
    point
}

/// The point that was probably meant.
fn nearest(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase().replace('_', "-");
    POINTS
        .iter()
        .map(|point| (strsim::damerau_levenshtein(&name, point.name), point.name))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn check_mode(point: &Point, mode: &str, meta: &Meta, errors: &mut Errors) {
    let rule = match mode {
        "modify" if !point.modify => "nothing can be changed",
        "gate" if !point.gate => "nothing can be stopped",
        _ => return,
    };
    let others = match (point.modify, point.gate) {
        (true, _) => "observe or modify",
        (_, true) => "observe or gate",
        _ => "observe",
    };
    errors.at(
        meta,
        format_args!(
            "{rule} at `{}`; make the hook {others}, or stand it on another point",
            point.name
        ),
    );
}

/// One of several words.
fn word(meta: &Meta, words: &[&'static str], errors: &mut Errors) -> Option<&'static str> {
    if let Meta::NameValue(pair) = meta
        && let Ok(ident) = parse2::<Ident>(quote::ToTokens::to_token_stream(&pair.value))
        && let Some(word) = words.iter().find(|word| ident == **word)
    {
        return Some(word);
    }
    let key = attribute::key(meta);
    errors.at(
        meta,
        format_args!(
            "`{key}` is one of {}; write {key} = {}",
            words.join(", "),
            words[words.len() - 1]
        ),
    );
    None
}

fn number(meta: &Meta, errors: &mut Errors) -> Option<i32> {
    let number = |value: &Expr| {
        let tokens = quote::ToTokens::to_token_stream(value);
        let parse = |input: ParseStream<'_>| {
            let minus: Option<Token![-]> = input.parse()?;
            let digits: LitInt = input.parse()?;
            Ok((minus, digits))
        };
        let (minus, digits) = parse.parse2(tokens).ok()?;
        let sign = if minus.is_some() { "-" } else { "" };
        format!("{sign}{}", digits.base10_digits())
            .parse::<i32>()
            .ok()
    };
    if let Meta::NameValue(pair) = meta
        && let Some(number) = number(&pair.value)
    {
        return Some(number);
    }
    errors.at(
        meta,
        "`priority` takes a whole number of 32 bits, the lower the earlier; write priority = 10",
    );
    None
}

#[cfg(test)]
mod tests {
    use quote::quote;
    use syn::parse_quote;

    use super::*;

    fn parsed(attribute: TokenStream) -> HookAttribute {
        let mut errors = Errors::default();
        let parsed = parse(attribute, &parse_quote! { fn f() {} }, &mut errors).unwrap();
        assert!(errors.is_empty());
        parsed
    }

    #[test]
    fn everything_but_the_point_may_be_left_out() {
        let hook = parsed(quote! { "heartbeat" });
        assert_eq!(
            (hook.point.name, hook.mode, hook.phase),
            ("heartbeat", "observe", "policy")
        );
        assert_eq!((hook.name.text.as_str(), hook.priority), ("f", 0));
    }

    #[test]
    fn everything_can_be_given() {
        let hook = parsed(
            quote! { "llm-output", mode = gate, phase = validation, priority = -7, name = "x", },
        );
        assert_eq!(
            (hook.point.name, hook.mode, hook.phase),
            ("llm-output", "gate", "validation")
        );
        assert_eq!((hook.name.text.as_str(), hook.priority), ("x", -7));
    }

    #[test]
    fn the_nearest_point_is_found_and_nothing_far_away() {
        assert_eq!(nearest("before_tool_call"), Some("before-tool-call"));
        assert_eq!(nearest("Heart-Beat"), Some("heartbeat"));
        assert_eq!(nearest("x"), None);
    }
}
