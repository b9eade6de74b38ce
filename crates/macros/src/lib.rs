//! The attributes of the Portcullis guest SDK. Use them through `portcullis-guest-sdk`, which re-exports and documents
//! them; what they expand to names that crate.

#![deny(missing_docs)]

mod docs;
mod errors;
mod function;
mod plugin_start;
mod plugin_type;
mod tool;

use proc_macro::TokenStream;

/// Makes a tool of a free function.
#[proc_macro_attribute]
pub fn plugin_tool(attribute: TokenStream, item: TokenStream) -> TokenStream {
    tool::expand(attribute.into(), item.into()).into()
}

/// Marks the function that is handed the plugin's settings before its first call.
#[proc_macro_attribute]
pub fn plugin_start(attribute: TokenStream, item: TokenStream) -> TokenStream {
    plugin_start::expand(attribute.into(), item.into()).into()
}

/// Derives what a type needs to be an argument, a result or a setting.
#[proc_macro_attribute]
pub fn plugin_type(attribute: TokenStream, item: TokenStream) -> TokenStream {
    plugin_type::expand(attribute.into(), item.into()).into()
}
