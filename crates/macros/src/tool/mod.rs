//! `#[plugin_tool]`: parse, check, expand.

mod arguments;
mod attribute;
mod check;
mod output;

use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::{Error, Item, ItemFn};

use crate::errors::Errors;

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let mut function: ItemFn = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            let error = no_function(&item, error).to_compile_error();
            return quote! { #error #item };
        }
    };
    let mut errors = Errors::default();
    let attribute = attribute::parse(attribute, &function, &mut errors);
    check::signature(&function.sig, &mut errors);
    let arguments = arguments::parse(&mut function.sig, &mut errors);
    if errors.is_empty() {
        output::tool(&attribute, &function, &arguments)
    } else {
        // The function stays, so that its callers give no further errors.
        let errors = errors.into_tokens();
        quote! { #function #errors }
    }
}

/// Something else than a function is told so; a broken function keeps the parser's own error.
fn no_function(item: &TokenStream, error: Error) -> Error {
    match syn::parse2::<Item>(item.clone()) {
        Ok(Item::Fn(_)) | Err(_) => error,
        Ok(other) => Error::new(
            other.span(),
            "#[plugin_tool] stands on a free function; move what the tool does into one",
        ),
    }
}
