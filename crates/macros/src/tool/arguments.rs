//! A tool's arguments, and the attributes on them.

use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta, Signature};

use super::WORDS;
use crate::errors::Errors;
use crate::parameter::{self, Parameter};

/// One argument of a tool.
pub(crate) struct Argument {
    /// The property's name and type.
    pub(crate) of: Parameter,
    pub(crate) default: Option<Default>,
    /// Marked `#[args]`.
    pub(crate) whole: bool,
}

/// What follows `default` in `#[arg(default …)]`.
pub(crate) enum Default {
    /// `Default::default()`.
    OfType,
    /// A string literal, for any type that is made of one.
    Text(LitStr),
    /// Any other expression.
    Value(Expr),
}

/// Reads the arguments and takes the SDK's attributes off them.
pub(crate) fn parse(signature: &mut Signature, errors: &mut Errors) -> Vec<Argument> {
    let parameters = parameter::parse(signature, &["arg", "args"], WORDS, errors);
    let arguments: Vec<Argument> = parameters
        .into_iter()
        .map(|parameter| argument(parameter, errors))
        .collect();
    let wholes: Vec<&Argument> = arguments.iter().filter(|argument| argument.whole).collect();
    for second in wholes.iter().skip(1) {
        errors.at_span(
            second.of.span,
            "one argument takes the whole object; remove #[args] here and make this a field of the other",
        );
    }
    arguments
}

fn argument(parameter: Parameter, errors: &mut Errors) -> Argument {
    let mut argument = Argument {
        of: parameter,
        default: None,
        whole: false,
    };
    for attribute in std::mem::take(&mut argument.of.attributes) {
        if attribute.path().is_ident("args") {
            args(&attribute, &mut argument, errors);
        } else if attribute.path().is_ident("arg") {
            arg(&attribute, &mut argument, errors);
        }
    }
    if argument.whole && argument.default.is_some() {
        errors.at_span(
            argument.of.span,
            "#[args] takes the whole object, which is always there; put the default on a field: #[serde(default)]",
        );
    }
    argument
}

fn args(attribute: &Attribute, argument: &mut Argument, errors: &mut Errors) {
    if argument.whole {
        errors.at(attribute, "#[args] is given twice; keep one");
    }
    if !matches!(attribute.meta, Meta::Path(_)) {
        errors.at(attribute, "#[args] takes nothing; write #[args]");
    }
    argument.whole = true;
}

fn arg(attribute: &Attribute, argument: &mut Argument, errors: &mut Errors) {
    let result = attribute.parse_nested_meta(|meta| {
        if !meta.path.is_ident("default") {
            return Err(
                meta.error("#[arg] doesn't know this; it takes default, or default = value")
            );
        }
        if argument.default.is_some() {
            return Err(meta.error("`default` is given twice; keep one"));
        }
        argument.default = Some(if meta.input.peek(syn::Token![=]) {
            match meta.value()?.parse()? {
                Expr::Lit(ExprLit {
                    lit: Lit::Str(text),
                    ..
                }) => Default::Text(text),
                value => Default::Value(value),
            }
        } else {
            Default::OfType
        });
        Ok(())
    });
    if let Err(error) = result {
        errors.push(error);
    }
}
