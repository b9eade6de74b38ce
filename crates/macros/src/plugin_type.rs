//! `#[plugin_type]`: serde's and schemars' derives by way of the SDK, so that an author needs neither crate.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Error};

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> TokenStream {
    if !attribute.is_empty() {
        let error = Error::new_spanned(
            attribute,
            "#[plugin_type] takes nothing; put #[serde(…)] and #[schemars(…)] attributes below it",
        )
        .to_compile_error();
        return quote! { #error #item };
    }
    if let Err(error) = syn::parse2::<DeriveInput>(item.clone()) {
        let error = Error::new(error.span(), "#[plugin_type] stands on a struct or an enum")
            .to_compile_error();
        return quote! { #error #item };
    }
    quote! {
        #[derive(
            ::portcullis_guest_sdk::serde::Serialize,
            ::portcullis_guest_sdk::serde::Deserialize,
            ::portcullis_guest_sdk::schemars::JsonSchema,
        )]
        #[serde(crate = "::portcullis_guest_sdk::serde")]
        #[schemars(crate = "::portcullis_guest_sdk::schemars")]
        #item
    }
}
