//! `#[plugin_provider]`: the `impl` that makes a type a model provider.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, ItemImpl};

use crate::attribute::{self, Name};
use crate::docs;
use crate::errors::Errors;
use crate::function::{self, Words};
use crate::names::{self, Kind};

const WORDS: Words = Words {
    attribute: "#[plugin_provider]",
    subject: "a provider",
};

const KIND: Kind = Kind {
    word: "provider",
    remedy: "#[plugin_provider(name = \"…\")]",
};

/// A provider's name and title, checked.
struct ProviderAttribute {
    name: Name,
    title: Option<String>,
}

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let implementation: ItemImpl = match syn::parse2(item.clone()) {
        Ok(implementation) => implementation,
        Err(error) => {
            let error = Error::new(error.span(), WHERE).to_compile_error();
            return quote! { #item #error };
        }
    };
    let mut errors = Errors::default();
    let attribute = parse(attribute, &mut errors);
    if implementation.trait_.is_none() {
        errors.at(&implementation.self_ty, WHERE);
    }
    for parameter in &implementation.generics.params {
        errors.at(
            parameter,
            "a provider can't be generic: the host knows it by its name alone; write the type",
        );
    }
    match attribute {
        Some(attribute) if errors.is_empty() => output(&attribute, &implementation),
        _ => {
            let errors = errors.into_tokens();
            quote! { #implementation #errors }
        }
    }
}

const WHERE: &str =
    "#[plugin_provider] stands on the implementation of a trait; write `impl ChatProvider for …`";

/// `None` where there is no name, which is then among the errors.
fn parse(attribute: TokenStream, errors: &mut Errors) -> Option<ProviderAttribute> {
    let (mut name, mut title) = (None, None);
    let metas = attribute::list(attribute, WORDS, KIND.remedy, errors)?;
    for (key, meta) in attribute::each_once(&metas, errors) {
        match key.as_str() {
            "name" => name = Some(attribute::text(meta, errors)),
            "title" => title = attribute::text(meta, errors).map(|title| title.value()),
            _ => errors.at(
                meta.path(),
                "#[plugin_provider] doesn't know this; it takes name, title",
            ),
        }
    }
    let Some(name) = name else {
        errors.at_span(
            Span::call_site(),
            "a provider needs a name, by which agents ask for it; write #[plugin_provider(name = \"…\")]",
        );
        return None;
    };
    let name = Name::of_text(&name?);
    names::check(&name.text, name.span, KIND, errors);
    Some(ProviderAttribute { name, title })
}

fn output(attribute: &ProviderAttribute, implementation: &ItemImpl) -> TokenStream {
    let ProviderAttribute { name, title } = attribute;
    let guard = names::unique(&name.text, name.span, KIND);
    let ty = &implementation.self_ty;
    let place = function::local(ty.span());
    let cfgs = implementation
        .attrs
        .iter()
        .filter(|attribute| attribute.path().is_ident("cfg"));
    let needs = quote_spanned! { place=> __rt::needs_providers!(); };
    let make = quote_spanned! { place=> (&&__rt::Make::<#ty>::new()).make() };
    let models = quote_spanned! { place=> __rt::ChatProvider::models(&__provider).await };
    let chat =
        quote_spanned! { place=> __rt::ChatProvider::chat(&__provider, __request, __output).await };
    let name = &name.text;
    let title = function::optional(title.as_deref());
    let description = docs::text(&implementation.attrs);
    quote! {
        #implementation
        #(#cfgs)*
        #[allow(deprecated, non_local_definitions)]
        const _: () = {
            #guard
            use ::portcullis_guest_sdk::rt as __rt;
            #needs
            __rt::inventory::submit! {
                __rt::Provider {
                    name: #name,
                    title: #title,
                    description: #description,
                    models: || ::std::boxed::Box::pin(async move {
                        use __rt::dispatch::*;
                        let __provider = #make;
                        #models
                    }),
                    chat: |__request, __output| ::std::boxed::Box::pin(async move {
                        use __rt::dispatch::*;
                        let __provider = #make;
                        #chat
                    }),
                }
            }
        };
    }
}
