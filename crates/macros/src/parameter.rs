//! The parameters of annotated functions.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::visit_mut::VisitMut;
use syn::{Attribute, FnArg, Lifetime, Pat, PatType, Signature, Type};

use crate::docs;
use crate::errors::Errors;
use crate::function::Words;

/// One parameter.
pub(crate) struct Parameter {
    /// What callers call it.
    pub(crate) name: String,
    /// The type, without `&`.
    pub(crate) ty: Type,
    pub(crate) by_reference: bool,
    pub(crate) doc: String,
    /// The SDK's attributes on it.
    pub(crate) attributes: Vec<Attribute>,
    /// Where mistakes in its type are told.
    pub(crate) span: Span,
}

/// Reads the parameters, and takes the SDK's attributes, which are `ours` and doc comments, off them.
pub(crate) fn parse(
    signature: &mut Signature,
    ours: &[&str],
    words: Words,
    errors: &mut Errors,
) -> Vec<Parameter> {
    let is_ours = |attribute: &Attribute| {
        let path = attribute.path();
        path.is_ident("doc") || ours.iter().any(|ours| path.is_ident(ours))
    };
    let mut parameters = Vec::new();
    for input in &mut signature.inputs {
        if let FnArg::Typed(typed) = input {
            let attributes = std::mem::take(&mut typed.attrs);
            let (ours, others) = attributes.into_iter().partition(is_ours);
            typed.attrs = others;
            parameters.extend(parameter(typed, ours, words, errors));
        }
    }
    parameters
}

fn parameter(
    typed: &PatType,
    attributes: Vec<Attribute>,
    words: Words,
    errors: &mut Errors,
) -> Option<Parameter> {
    if let Some(cfg) = typed
        .attrs
        .iter()
        .find(|attribute| attribute.path().is_ident("cfg"))
    {
        let subject = words.subject;
        errors.at(
            cfg,
            format_args!("{subject}'s arguments can't depend on a cfg; put it on the function and write one for each case"),
        );
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
    let (ty, by_reference) = owned(&typed.ty, words, errors)?;
    Some(Parameter {
        name: name?,
        span: ty.span(),
        ty,
        by_reference,
        doc: docs::text(&attributes),
        attributes,
    })
}

/// A variable for each parameter's value, and how the function is passed each.
pub(crate) fn variables<'a>(
    parameters: impl Iterator<Item = &'a Parameter>,
) -> (Vec<Ident>, Vec<TokenStream>) {
    parameters
        .enumerate()
        .map(|(index, parameter)| {
            let value = format_ident!("__argument_{index}", span = Span::call_site());
            let passed = if parameter.by_reference {
                quote! { &#value }
            } else {
                quote! { #value }
            };
            (value, passed)
        })
        .unzip()
}

/// The type to decode for a parameter, and whether the function borrows it.
fn owned(parameter: &Type, words: Words, errors: &mut Errors) -> Option<(Type, bool)> {
    let subject = words.subject;
    let mut ty = parameter.clone();
    while let Type::Paren(inner) = ty {
        ty = *inner.elem;
    }
    match ty {
        Type::Reference(reference) => {
            if let Some(mutability) = &reference.mutability {
                errors.at(
                    mutability,
                    format_args!("what {subject} changes in its arguments nobody sees; take it by value: `mut name: Type`"),
                );
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
            named(*reference.elem, words, errors).map(|ty| (ty, true))
        }
        ty => named(ty, words, errors).map(|ty| (ty, false)),
    }
}

/// Refuses `impl Trait` and references, and makes lifetimes `'static`: what is decoded borrows nothing.
fn named(mut ty: Type, words: Words, errors: &mut Errors) -> Option<Type> {
    struct Owned<'a> {
        errors: &'a mut Errors,
        words: Words,
        is_fine: bool,
    }

    impl VisitMut for Owned<'_> {
        fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
            *lifetime = Lifetime::new("'static", lifetime.span());
        }

        fn visit_type_reference_mut(&mut self, reference: &mut syn::TypeReference) {
            self.errors.at(
                reference,
                "a reference inside an argument's type has nothing to borrow from: arguments are decoded into owned values; \
                 write the owned type, such as `String` for `&str`",
            );
            self.is_fine = false;
        }

        fn visit_type_impl_trait_mut(&mut self, opaque: &mut syn::TypeImplTrait) {
            let subject = self.words.subject;
            self.errors.at(
                opaque,
                format_args!(
                    "{subject} can't be generic, and `impl Trait` is: the host needs concrete types; write the type"
                ),
            );
            self.is_fine = false;
        }
    }

    let mut owned = Owned {
        errors,
        words,
        is_fine: true,
    };
    owned.visit_type_mut(&mut ty);
    owned.is_fine.then_some(ty)
}
