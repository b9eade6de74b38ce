//! A tool's arguments, and the attributes on them.

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::visit_mut::VisitMut;
use syn::{
    Attribute, Expr, ExprLit, FnArg, Lifetime, Lit, LitStr, Meta, Pat, PatType, Signature, Type,
};

use crate::docs;
use crate::errors::Errors;

/// One argument of a tool.
pub(crate) struct Argument {
    /// The property's name.
    pub(crate) name: String,
    /// The type, without `&`.
    pub(crate) ty: Type,
    pub(crate) by_reference: bool,
    pub(crate) doc: String,
    pub(crate) default: Option<Default>,
    /// Marked `#[args]`.
    pub(crate) whole: bool,
    /// Where mistakes in its type are told.
    pub(crate) span: Span,
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
    let mut arguments = Vec::new();
    for input in &mut signature.inputs {
        if let FnArg::Typed(typed) = input {
            let attributes = std::mem::take(&mut typed.attrs);
            let (ours, others) = attributes.into_iter().partition(is_ours);
            typed.attrs = others;
            arguments.extend(argument(typed, &ours, errors));
        }
    }
    let wholes: Vec<&Argument> = arguments.iter().filter(|argument| argument.whole).collect();
    for second in wholes.iter().skip(1) {
        errors.at_span(
            second.span,
            "one argument takes the whole object; remove #[args] here and make this a field of the other",
        );
    }
    arguments
}

fn is_ours(attribute: &Attribute) -> bool {
    ["doc", "arg", "args"]
        .iter()
        .any(|ours| attribute.path().is_ident(ours))
}

fn argument(typed: &PatType, attributes: &[Attribute], errors: &mut Errors) -> Option<Argument> {
    if let Some(cfg) = typed
        .attrs
        .iter()
        .find(|attribute| attribute.path().is_ident("cfg"))
    {
        errors.at(cfg, "a tool's arguments can't depend on a cfg; put it on the function and write one for each case");
    }
    let name = match &*typed.pat {
        Pat::Ident(name) if name.by_ref.is_none() && name.subpat.is_none() => {
            Some(name.ident.unraw().to_string())
        }
        pattern => {
            errors.at(
                pattern,
                "an argument needs a name, which callers see; write `name: Type` and take it apart in the body",
            );
            None
        }
    };
    let (ty, by_reference) = owned(&typed.ty, errors)?;
    let mut argument = Argument {
        name: name?,
        span: ty.span(),
        ty,
        by_reference,
        doc: docs::text(attributes),
        default: None,
        whole: false,
    };
    for attribute in attributes {
        if attribute.path().is_ident("args") {
            args(attribute, &mut argument, errors);
        } else if attribute.path().is_ident("arg") {
            arg(attribute, &mut argument, errors);
        }
    }
    if argument.whole && argument.default.is_some() {
        errors.at_span(
            argument.span,
            "#[args] takes the whole object, which is always there; put the default on a field: #[serde(default)]",
        );
    }
    Some(argument)
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

/// The type to decode for a parameter, and whether the function borrows it.
fn owned(parameter: &Type, errors: &mut Errors) -> Option<(Type, bool)> {
    let mut ty = parameter.clone();
    while let Type::Paren(inner) = ty {
        ty = *inner.elem;
    }
    match ty {
        Type::Reference(reference) => {
            if let Some(mutability) = &reference.mutability {
                errors.at(mutability, "what a tool changes in its arguments nobody sees; take it by value: `mut name: Type`");
                return None;
            }
            if let Some(lifetime) = reference
                .lifetime
                .filter(|lifetime| lifetime.ident == "static")
            {
                errors.at(
                    &lifetime,
                    "an argument lives as long as the call, not for ever; remove 'static",
                );
                return None;
            }
            named(*reference.elem, errors).map(|ty| (ty, true))
        }
        ty => named(ty, errors).map(|ty| (ty, false)),
    }
}

/// Refuses `impl Trait` and references, and makes lifetimes `'static`: what is decoded borrows nothing.
fn named(mut ty: Type, errors: &mut Errors) -> Option<Type> {
    struct Owned<'a>(&'a mut Errors, bool);

    impl VisitMut for Owned<'_> {
        fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
            *lifetime = Lifetime::new("'static", lifetime.span());
        }

        fn visit_type_reference_mut(&mut self, reference: &mut syn::TypeReference) {
            self.0.at(
                reference,
                "a reference inside an argument's type has nothing to borrow from: JSON is decoded into owned values; \
                 write the owned type, such as `String` for `&str`",
            );
            self.1 = false;
        }

        fn visit_type_impl_trait_mut(&mut self, opaque: &mut syn::TypeImplTrait) {
            self.0.at(
                opaque,
                "a tool can't be generic, and `impl Trait` is: its schema is made of concrete types; write the type",
            );
            self.1 = false;
        }
    }

    let mut owned = Owned(errors, true);
    owned.visit_type_mut(&mut ty);
    owned.1.then_some(ty)
}
