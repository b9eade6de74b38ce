//! `#[plugin_resource]`: parse, check, expand.

mod attribute;

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ItemFn;

use self::attribute::ResourceAttribute;
use crate::docs;
use crate::errors::Errors;
use crate::function::{self, Words, local};
use crate::names::{self, Kind};
use crate::texts::{self, TextArgument};

const WORDS: Words = Words {
    attribute: "#[plugin_resource]",
    subject: "a resource",
};

const KIND: Kind = Kind {
    word: "resource",
    remedy: "#[plugin_resource(…, name = \"…\")]",
};

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let mut function = match function::parse(item, WORDS) {
        Ok(function) => function,
        Err(output) => return output,
    };
    let mut errors = Errors::default();
    let attribute = attribute::parse(attribute, &function, &mut errors);
    function::check(&function.sig, WORDS, &mut errors);
    let arguments = texts::parse(&mut function.sig, WORDS, &mut errors);
    // An argument with a mistake is not among them.
    if let Some(attribute) = &attribute
        && errors.is_empty()
    {
        all_taken(attribute, &arguments, &mut errors);
    }
    match attribute {
        Some(attribute) if errors.is_empty() => output(&attribute, &function, &arguments),
        _ => {
            // The function stays, so that its callers give no further errors.
            let errors = errors.into_tokens();
            quote! { #function #errors }
        }
    }
}

/// Each variable is an argument. That each argument is a variable, or comes from the host, only its type can say.
fn all_taken(attribute: &ResourceAttribute, arguments: &[TextArgument], errors: &mut Errors) {
    for variable in attribute.variables.iter().flatten() {
        if !arguments
            .iter()
            .any(|argument| argument.of.name == *variable)
        {
            errors.at_span(
                attribute.address.span(),
                format_args!(
                    "the function takes each variable of its template, and not `{variable}`; add an argument `{variable}: String`"
                ),
            );
        }
    }
}

fn output(
    attribute: &ResourceAttribute,
    function: &ItemFn,
    arguments: &[TextArgument],
) -> TokenStream {
    let guard = names::unique(&attribute.name.text, attribute.name.span, KIND);
    let name = &attribute.name.text;
    let title = function::optional(attribute.title.as_deref());
    let media_type = function::optional(attribute.media_type.as_deref());
    let description = docs::text(&function.attrs);
    let address = address(attribute, arguments);
    let read = read(attribute, function, arguments);
    let entry = quote! {
        __rt::Resource {
            name: #name,
            title: #title,
            description: #description,
            media_type: #media_type,
            address: #address,
            read: |mut __texts| ::std::boxed::Box::pin(async move { #read }),
        }
    };
    function::listed(function, &guard, Some("needs_resource"), &entry)
}

fn address(attribute: &ResourceAttribute, arguments: &[TextArgument]) -> TokenStream {
    let address = &attribute.address;
    let Some(variables) = &attribute.variables else {
        return quote! { __rt::Address::Uri(#address) };
    };
    let variables = variables.iter().filter_map(|variable| {
        let argument = arguments
            .iter()
            .find(|argument| argument.of.name == *variable)?;
        let (doc, values) = (&argument.of.doc, &argument.values);
        Some(quote! {
            __rt::Variable { name: #variable, description: #doc, values: &[#(#values),*] }
        })
    });
    quote! { __rt::Address::Template(#address, &[#(#variables),*]) }
}

fn read(
    attribute: &ResourceAttribute,
    function: &ItemFn,
    arguments: &[TextArgument],
) -> TokenStream {
    let is_variable = |argument: &TextArgument| {
        let mut variables = attribute.variables.iter().flatten();
        variables.any(|variable| *variable == argument.of.name)
    };
    let take = |argument: &TextArgument| {
        if is_variable(argument) {
            return argument.take();
        }
        let ty = &argument.of.ty;
        quote_spanned! { local(argument.of.span)=> __rt::beside::<#ty>(&__texts) }
    };
    let finish = quote! { let __uri = __texts.take_uri(); };
    let call = texts::call(function, arguments, take, &finish);
    let success = quote_spanned! { function::result_span(function)=>
        ::core::result::Result::Ok(__rt::contents_of(__value, __uri))
    };
    let result = function::split(function, &success);
    quote! {
        use __rt::dispatch::*;
        #call
        #result
    }
}
