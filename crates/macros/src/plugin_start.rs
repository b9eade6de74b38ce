//! `#[plugin_start]`: the function that gets the plugin's settings.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, ItemFn, Type};

use crate::errors::Errors;
use crate::function::{self, Words};

const WORDS: Words = Words {
    attribute: "#[plugin_start]",
    subject: "a #[plugin_start] function",
};

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let function = match function::parse(item, WORDS) {
        Ok(function) => function,
        Err(output) => return output,
    };
    let mut errors = Errors::default();
    if !attribute.is_empty() {
        errors.at(
            &attribute,
            "#[plugin_start] takes nothing; write #[plugin_start]",
        );
    }
    function::check(&function.sig, WORDS, &mut errors);
    for second in function.sig.inputs.iter().skip(1) {
        errors.at(second, "a #[plugin_start] function takes all settings as one value; make this a field of that struct");
    }
    if errors.is_empty() {
        output(&function)
    } else {
        let errors = errors.into_tokens();
        quote! { #function #errors }
    }
}

fn output(function: &ItemFn) -> TokenStream {
    let ident = &function.sig.ident;
    let guard = function::unique(
        "this_plugin_has_two_plugin_start_functions_so_make_one_of_them",
        ident.span(),
    );
    let awaited = function.sig.asyncness.map(|_| quote! { .await });
    let success = quote_spanned! { function::result_span(function)=>
        ::core::result::Result::Ok(__rt::started(__value))
    };
    let result = function::split(function, &success);
    let (settings, passed) = settings(function);
    let entry = quote! {
        __rt::Start {
            run: |__settings| ::std::boxed::Box::pin(async move {
                use __rt::dispatch::*;
                #settings
                let __value = #ident(#passed) #awaited;
                #result
            }),
        }
    };
    function::listed(function, &guard, Some("needs_lifecycle"), &entry)
}

/// The code that decodes the settings, and what is passed to the function.
fn settings(function: &ItemFn) -> (TokenStream, TokenStream) {
    let Some(FnArg::Typed(argument)) = function.sig.inputs.first() else {
        return (TokenStream::new(), TokenStream::new());
    };
    let (ty, passed) = match &*argument.ty {
        Type::Reference(reference) => (&*reference.elem, quote! { &__value }),
        ty => (ty, quote! { __value }),
    };
    let decode = quote_spanned! { function::local(ty.span())=>
        let __value = (&&__rt::Settings::<#ty>::new()).decode(&__settings)?;
    };
    (decode, passed)
}
