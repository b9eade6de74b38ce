//! `#[plugin_tool]`: parse, check, expand.

mod arguments;
mod attribute;
mod output;

use proc_macro2::TokenStream;
use quote::quote;

use crate::errors::Errors;
use crate::function::{self, Words};
use crate::names::Kind;

const WORDS: Words = Words {
    attribute: "#[plugin_tool]",
    subject: "a tool",
};

const KIND: Kind = Kind {
    word: "tool",
    remedy: "#[plugin_tool(name = \"…\")]",
};

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let mut function = match function::parse(item, WORDS) {
        Ok(function) => function,
        Err(output) => return output,
    };
    let mut errors = Errors::default();
    let attribute = attribute::parse(attribute, &function, &mut errors);
    function::check(&function.sig, WORDS, &mut errors);
    let arguments = arguments::parse(&mut function.sig, &mut errors);
    if errors.is_empty() {
        output::tool(&attribute, &function, &arguments)
    } else {
        // The function stays, so that its callers give no further errors.
        let errors = errors.into_tokens();
        quote! { #function #errors }
    }
}
