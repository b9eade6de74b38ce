//! `#[plugin_prompt]`: the function that opens a conversation.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ItemFn;

use crate::attribute::{self, Name};
use crate::docs;
use crate::errors::Errors;
use crate::function::{self, Words, local};
use crate::names::{self, Kind};
use crate::texts::{self, TextArgument};

const WORDS: Words = Words {
    attribute: "#[plugin_prompt]",
    subject: "a prompt",
};

const KIND: Kind = Kind {
    word: "prompt",
    remedy: "#[plugin_prompt(name = \"…\")]",
};

/// A prompt's name and title, checked.
struct PromptAttribute {
    name: Name,
    title: Option<String>,
}

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let mut function = match function::parse(item, WORDS) {
        Ok(function) => function,
        Err(output) => return output,
    };
    let mut errors = Errors::default();
    let attribute = parse(attribute, &function, &mut errors);
    function::check(&function.sig, WORDS, &mut errors);
    let arguments = texts::parse(&mut function.sig, WORDS, &mut errors);
    for argument in &arguments {
        names::check_argument(&argument.of.name, argument.of.span, &mut errors);
    }
    if errors.is_empty() {
        output(&attribute, &function, &arguments)
    } else {
        let errors = errors.into_tokens();
        quote! { #function #errors }
    }
}

fn parse(attribute: TokenStream, function: &ItemFn, errors: &mut Errors) -> PromptAttribute {
    let mut parsed = PromptAttribute {
        name: Name::of_function(function),
        title: None,
    };
    let Some(metas) = attribute::list(attribute, WORDS, KIND.remedy, errors) else {
        return parsed;
    };
    for (key, meta) in attribute::each_once(&metas, errors) {
        match key.as_str() {
            "name" => {
                if let Some(text) = attribute::text(meta, errors) {
                    parsed.name = Name::of_text(&text);
                }
            }
            "title" => parsed.title = attribute::text(meta, errors).map(|title| title.value()),
            _ => errors.at(
                meta.path(),
                "#[plugin_prompt] doesn't know this; it takes name, title",
            ),
        }
    }
    names::check(&parsed.name.text, parsed.name.span, KIND, errors);
    parsed
}

fn output(
    attribute: &PromptAttribute,
    function: &ItemFn,
    arguments: &[TextArgument],
) -> TokenStream {
    let PromptAttribute { name, title } = attribute;
    let guard = names::unique(&name.text, name.span, KIND);
    let name = &name.text;
    let title = function::optional(title.as_deref());
    let description = docs::text(&function.attrs);
    let describe = describe(arguments);
    let get = get(function, arguments);
    let entry = quote! {
        __rt::Prompt {
            name: #name,
            title: #title,
            description: #description,
            describe: |__arguments| { #describe },
            get: |mut __texts| ::std::boxed::Box::pin(async move { #get }),
        }
    };
    function::listed(function, &guard, Some("needs_prompt"), &entry)
}

fn describe(arguments: &[TextArgument]) -> TokenStream {
    if arguments.is_empty() {
        return TokenStream::new();
    }
    let describes = arguments.iter().map(|argument| {
        let kind = argument.kind();
        let (name, doc, values) = (&argument.of.name, &argument.of.doc, &argument.values);
        quote_spanned! { local(argument.of.span)=>
            #kind.describe(__arguments, #name, #doc, &[#(#values),*]);
        }
    });
    quote! {
        use __rt::dispatch::*;
        #(#describes)*
    }
}

fn get(function: &ItemFn, arguments: &[TextArgument]) -> TokenStream {
    let finish = quote! { __texts.finish()?; };
    let call = texts::call(function, arguments, TextArgument::take, &finish);
    let success = quote_spanned! { function::result_span(function)=>
        ::core::result::Result::Ok(__rt::messages_of(__value))
    };
    let result = function::split(function, &success);
    quote! {
        use __rt::dispatch::*;
        #call
        #result
    }
}
