//! What the attributes on functions have in common.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Error, FnArg, GenericParam, Item, ItemFn, ReturnType, Signature};

use crate::errors::Errors;

/// The words for an annotated function in messages.
#[derive(Clone, Copy)]
pub(crate) struct Words {
    /// `#[plugin_tool]`
    pub(crate) attribute: &'static str,
    /// `a tool`
    pub(crate) subject: &'static str,
}

/// The function under the attribute, or the whole output if there is none.
pub(crate) fn parse(item: TokenStream, words: Words) -> Result<ItemFn, TokenStream> {
    syn::parse2(item.clone()).map_err(|error| {
        let error = no_function(&item, error, words).to_compile_error();
        quote! { #item #error }
    })
}

/// Something else than a function is told so; a broken function keeps the parser's own error.
fn no_function(item: &TokenStream, error: Error, words: Words) -> Error {
    match syn::parse2::<Item>(item.clone()) {
        Ok(Item::Fn(_)) | Err(_) => error,
        Ok(other) => Error::new(
            other.span(),
            format_args!(
                "{} stands on a free function; write one that does the work",
                words.attribute
            ),
        ),
    }
}

/// What no annotated function may be.
pub(crate) fn check(signature: &Signature, words: Words, errors: &mut Errors) {
    let subject = words.subject;
    for parameter in &signature.generics.params {
        match parameter {
            GenericParam::Lifetime(_) => {}
            GenericParam::Type(_) | GenericParam::Const(_) => errors.at(
                parameter,
                format_args!(
                    "{subject} can't be generic: the host needs concrete types; write the type"
                ),
            ),
        }
    }
    if let Some(unsafety) = &signature.unsafety {
        errors.at(
            unsafety,
            format_args!("{subject} can't be unsafe: its caller is no Rust code; check the conditions inside and remove `unsafe`"),
        );
    }
    if let Some(abi) = &signature.abi {
        errors.at(
            abi,
            format_args!("{subject} is an ordinary Rust function; remove `extern`"),
        );
    }
    if let Some(FnArg::Receiver(receiver)) = signature.inputs.first() {
        errors.at(
            receiver,
            format_args!("{subject} has no `self`: it is a free function; move it out of the `impl` and keep state in a static"),
        );
    }
}

/// The `#[cfg(…)]`s of a function, for what is generated beside it.
fn cfgs(function: &ItemFn) -> impl Iterator<Item = &Attribute> {
    function
        .attrs
        .iter()
        .filter(|attribute| attribute.path().is_ident("cfg"))
}

/// The place of `span` for errors, and one hygiene with the rest of the output.
pub(crate) fn local(span: Span) -> Span {
    span.resolved_at(Span::call_site())
}

/// Where mistakes in the result's type are told.
pub(crate) fn result_span(function: &ItemFn) -> Span {
    local(match &function.sig.output {
        ReturnType::Default => function.sig.ident.span(),
        ReturnType::Type(_, ty) => ty.span(),
    })
}

/// Parts `__value`, what the function returned, into a success, which `success` makes the answer of (again under the
/// name `__value`), and the error's answer.
pub(crate) fn split(function: &ItemFn, success: &TokenStream) -> TokenStream {
    quote_spanned! { result_span(function)=>
        let __ret = __rt::Ret::of_value(&__value);
        match (&&__ret).split(__value) {
            ::core::result::Result::Ok(__value) => { #success }
            ::core::result::Result::Err(__error) => {
                let __fault = __rt::Fault::of_value(&__error);
                ::core::result::Result::Err((&&&__fault).fault(__error))
            }
        }
    }
}

/// A text that may be missing, as an expression.
pub(crate) fn optional(text: Option<&str>) -> TokenStream {
    match text {
        Some(text) => quote! { ::core::option::Option::Some(#text) },
        None => quote! { ::core::option::Option::None },
    }
}

/// The function as it is, and beside it an `entry` in one of the plugin's lists under its `guard`. `needs` is the check that the
/// feature is on without which nobody reads the list, if there is one.
///
/// The item has a name because in an `impl`, where no tool can be, a nameless one is a second error.
pub(crate) fn listed(
    function: &ItemFn,
    guard: &TokenStream,
    needs: Option<&str>,
    entry: &TokenStream,
) -> TokenStream {
    let item = format_ident!("__portcullis_{}", function.sig.ident);
    let cfgs = cfgs(function);
    let needs = needs.map(|check| {
        let place = local(function.sig.ident.span());
        let check = Ident::new(check, place);
        quote_spanned! { place=> __rt::#check!(); }
    });
    quote! {
        #function
        #(#cfgs)*
        #[allow(deprecated, non_local_definitions, non_upper_case_globals)]
        const #item: () = {
            #guard
            use ::portcullis_guest_sdk::rt as __rt;
            #needs
            __rt::inventory::submit! { #entry }
        };
    }
}

/// Macros of one crate share one namespace whatever their module, so a second one of this name is a compile error. Its
/// name is the message: rustc prints it at both functions.
pub(crate) fn unique(message: &str, span: Span) -> TokenStream {
    let name = Ident::new(message, span);
    quote! {
        #[doc(hidden)]
        #[macro_export]
        macro_rules! #name { () => {}; }
    }
}
