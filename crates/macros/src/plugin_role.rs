//! `#[plugin_role]`: the function that gives a role.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{FnArg, ItemFn};

use crate::attribute::{self, Name};
use crate::errors::Errors;
use crate::function::{self, Words};
use crate::names::{self, Kind};

const WORDS: Words = Words {
    attribute: "#[plugin_role]",
    subject: "a role's function",
};

const KIND: Kind = Kind {
    word: "role",
    remedy: "#[plugin_role(name = \"…\")]",
};

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let function = match function::parse(item, WORDS) {
        Ok(function) => function,
        Err(output) => return output,
    };
    let mut errors = Errors::default();
    let name = name(attribute, &function, &mut errors);
    function::check(&function.sig, WORDS, &mut errors);
    if let Some(asyncness) = &function.sig.asyncness {
        errors.at(
            asyncness,
            "a role is known without waiting: it is asked for once, with nothing granted; remove `async`",
        );
    }
    for argument in &function.sig.inputs {
        if let FnArg::Typed(_) = argument {
            errors.at(
                argument,
                "a role's function takes nothing: a role is the same for everybody; remove this argument",
            );
        }
    }
    if errors.is_empty() {
        output(&name, &function)
    } else {
        let errors = errors.into_tokens();
        quote! { #function #errors }
    }
}

fn name(attribute: TokenStream, function: &ItemFn, errors: &mut Errors) -> Name {
    let mut name = Name::of_function(function);
    let Some(metas) = attribute::list(attribute, WORDS, KIND.remedy, errors) else {
        return name;
    };
    for (key, meta) in attribute::each_once(&metas, errors) {
        if key != "name" {
            errors.at(
                meta.path(),
                "#[plugin_role] doesn't know this; it takes name",
            );
        } else if let Some(text) = attribute::text(meta, errors) {
            name = Name::of_text(&text);
        }
    }
    names::check(&name.text, name.span, KIND, errors);
    name
}

fn output(name: &Name, function: &ItemFn) -> TokenStream {
    let guard = names::unique(&name.text, name.span, KIND);
    let ident = &function.sig.ident;
    let make = quote_spanned! { function::result_span(function)=> __rt::role_of(#ident()) };
    let name = &name.text;
    let entry = quote! { __rt::RoleEntry { name: #name, make: || #make } };
    function::listed(function, &guard, Some("needs_roles"), &entry)
}
