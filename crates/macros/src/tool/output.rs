//! What a tool's function becomes: itself, a guard against a second tool of its name, and an entry in the plugin's
//! list.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ItemFn;

use super::KIND;
use super::arguments::{Argument, Default};
use super::attribute::ToolAttribute;
use crate::function::{self, local};
use crate::parameter::{self, Parameter};
use crate::{docs, names};

pub(crate) fn tool(
    attribute: &ToolAttribute,
    function: &ItemFn,
    arguments: &[Argument],
) -> TokenStream {
    let guard = names::unique(&attribute.name.text, attribute.name.span, KIND);
    let entry = entry(attribute, function, arguments);
    function::listed(function, &guard, None, &entry)
}

fn entry(attribute: &ToolAttribute, function: &ItemFn, arguments: &[Argument]) -> TokenStream {
    let ToolAttribute {
        name,
        title,
        annotations,
    } = attribute;
    let name = &name.text;
    let title = function::optional(title.as_deref());
    let annotations = annotations
        .iter()
        .map(|(key, value)| quote! { (#key, #value) });
    let description = docs::text(&function.attrs);
    let describe = describe(function, arguments);
    let run = run(function, arguments);
    quote! {
        __rt::Tool {
            name: #name,
            title: #title,
            description: #description,
            annotations: &[#(#annotations),*],
            describe: |__signature| { #describe },
            run: |__inputs| ::std::boxed::Box::pin(async move { #run }),
        }
    }
}

/// Asks the compiler what an argument is.
fn kind(argument: &Argument) -> TokenStream {
    let ty = &argument.of.ty;
    quote_spanned! { local(argument.of.span)=> (&&&&&__rt::Arg::<#ty>::new()).kind() }
}

fn describe(function: &ItemFn, arguments: &[Argument]) -> TokenStream {
    let properties = arguments.iter().map(|argument| {
        let kind = kind(argument);
        let Parameter { name, doc, .. } = &argument.of;
        let span = local(argument.of.span);
        match &argument.default {
            _ if argument.whole => quote_spanned! { span=> #kind.describe_whole(__signature); },
            None => quote_spanned! { span=> #kind.describe(__signature, #name, #doc); },
            Some(default) => {
                let default = default_value(default, span);
                quote_spanned! { span=>
                    let __kind = #kind;
                    __kind.describe_or(__signature, #name, #doc, (&&__kind.#default).to_json());
                }
            }
        }
    });
    let ident = &function.sig.ident;
    let nevers = arguments.iter().map(|_| quote! { __rt::never() });
    let awaited = function.sig.asyncness.map(|_| quote! { .awaited() });
    let result = quote_spanned! { function::result_span(function)=>
        let __success = (&&__ret).success();
        (&&&&__success).kind().describe(__signature, __success);
    };
    quote! {
        use __rt::dispatch::*;
        #(#properties)*
        let __ret = __rt::Ret::of(|| #ident(#(#nevers),*)) #awaited;
        #result
    }
}

/// The call that makes an argument's default.
fn default_value(default: &Default, span: Span) -> TokenStream {
    match default {
        Default::OfType => quote_spanned! { span=> default_of_type() },
        Default::Text(text) => quote_spanned! { span=> default_text(#text) },
        Default::Value(value) => quote_spanned! { span=> default_value(|| #value) },
    }
}

fn run(function: &ItemFn, arguments: &[Argument]) -> TokenStream {
    let (values, passed) = parameter::variables(arguments.iter().map(|argument| &argument.of));
    let takes = take_all(arguments, &values);
    let ident = &function.sig.ident;
    let awaited = function.sig.asyncness.map(|_| quote! { .await });
    let success = quote_spanned! { function::result_span(function)=>
        let __ret = __rt::Ret::of_value(&__value);
        (&&&&__ret).kind().encode(__given, __value).await
    };
    let result = function::split(function, &success);
    quote! {
        use __rt::dispatch::*;
        let (__arguments, mut __given) = __inputs.split();
        #takes
        let __value = #ident(#(#passed),*) #awaited;
        #result
    }
}

fn take_all(arguments: &[Argument], values: &[Ident]) -> TokenStream {
    let has_whole = arguments.iter().any(|argument| argument.whole);
    let takes = arguments.iter().zip(values).map(|(argument, value)| {
        let kind = kind(argument);
        let name = &argument.of.name;
        let span = local(argument.of.span);
        match &argument.default {
            _ if argument.whole => quote_spanned! { span=> let #value = #kind.take_whole(&__arguments)?; },
            _ if has_whole => quote_spanned! { span=> let #value = #kind.take_beside(&mut __given)?; },
            None => quote_spanned! { span=> let #value = #kind.take(&mut __given, &mut __fields, #name)?; },
            Some(default) => {
                let default = default_value(default, span);
                quote_spanned! { span=>
                    let __kind = #kind;
                    let #value = match __kind.take_optional(&mut __fields, #name)? {
                        ::core::option::Option::Some(__value) => __value,
                        ::core::option::Option::None => __kind.#default.0,
                    };
                }
            }
        }
    });
    if has_whole {
        return quote! { #(#takes)* };
    }
    quote! {
        let mut __fields = __rt::Fields::of(&__arguments)?;
        #(#takes)*
        __fields.finish()?;
    }
}
