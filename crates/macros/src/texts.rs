//! Arguments that come as texts: the variables of a template, the arguments of a prompt.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Attribute, Expr, ExprArray, ExprLit, ItemFn, Lit, LitStr, Signature};

use crate::errors::Errors;
use crate::function::{Words, local};
use crate::parameter::{self, Parameter};

/// One argument.
pub(crate) struct TextArgument {
    /// Its name and type.
    pub(crate) of: Parameter,
    /// What can be offered for it.
    pub(crate) values: Vec<LitStr>,
}

/// Reads the arguments and takes the SDK's attributes off them.
pub(crate) fn parse(
    signature: &mut Signature,
    words: Words,
    errors: &mut Errors,
) -> Vec<TextArgument> {
    let parameters = parameter::parse(signature, &["arg"], words, errors);
    parameters
        .into_iter()
        .map(|mut of| {
            let mut values = None;
            for attribute in std::mem::take(&mut of.attributes) {
                if attribute.path().is_ident("arg") {
                    arg(&attribute, words, &mut values, errors);
                }
            }
            TextArgument {
                of,
                values: values.unwrap_or_default(),
            }
        })
        .collect()
}

fn arg(attribute: &Attribute, words: Words, values: &mut Option<Vec<LitStr>>, errors: &mut Errors) {
    let subject = words.subject;
    let mut told = Errors::default();
    let result = attribute.parse_nested_meta(|meta| {
        if !meta.path.is_ident("values") {
            return Err(meta.error(format_args!(
                "#[arg] doesn't know this on the arguments of {subject}; it takes values = [\"…\", \"…\"]"
            )));
        }
        if values.is_some() {
            return Err(meta.error("`values` is given twice; keep one"));
        }
        let list: Expr = meta.value()?.parse()?;
        *values = Some(texts(&list, &mut told));
        Ok(())
    });
    if let Err(error) = result {
        errors.push(error);
    }
    errors.extend(told);
}

/// What stands in a list of different texts.
fn texts(list: &Expr, errors: &mut Errors) -> Vec<LitStr> {
    let Some(texts) = literals(list) else {
        errors.at(
            list,
            "`values` takes a list of texts; write values = [\"…\", \"…\"]",
        );
        return Vec::new();
    };
    for (index, text) in texts.iter().enumerate() {
        let value = text.value();
        if value.is_empty() {
            errors.at(text, "a value has at least one character; remove this one");
        }
        if texts[..index].iter().any(|known| known.value() == value) {
            errors.at(text, "this value is given twice; keep one");
        }
    }
    texts
}

/// `None`, if it is no list of text literals.
fn literals(list: &Expr) -> Option<Vec<LitStr>> {
    let Expr::Array(ExprArray { elems, .. }) = list else {
        return None;
    };
    let literals = elems.iter().map(|element| match element {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => Some(text.clone()),
        _ => None,
    });
    literals.collect()
}

impl TextArgument {
    /// Asks the compiler what it is.
    pub(crate) fn kind(&self) -> TokenStream {
        let ty = &self.of.ty;
        quote_spanned! { local(self.of.span)=> (&&&&&__rt::Text::<#ty>::new()).text_kind() }
    }

    /// Takes it out of `__texts`.
    pub(crate) fn take(&self) -> TokenStream {
        let kind = self.kind();
        let name = &self.of.name;
        quote_spanned! { local(self.of.span)=> #kind.take(&mut __texts, #name)? }
    }
}

/// Calls the function with what `take` makes of each argument, after `finish`; what it gives is `__value`.
pub(crate) fn call(
    function: &ItemFn,
    arguments: &[TextArgument],
    take: impl Fn(&TextArgument) -> TokenStream,
    finish: &TokenStream,
) -> TokenStream {
    let (values, passed) = parameter::variables(arguments.iter().map(|argument| &argument.of));
    let takes = arguments.iter().map(take);
    let ident = &function.sig.ident;
    let awaited = function.sig.asyncness.map(|_| quote! { .await });
    quote! {
        #(let #values = #takes;)*
        #finish
        let __value = #ident(#(#passed),*) #awaited;
    }
}
