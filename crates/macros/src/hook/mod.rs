//! `#[plugin_hook]`: parse, check, expand.

mod attribute;
mod points;

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, ItemFn, Type};

use self::attribute::HookAttribute;
use crate::errors::Errors;
use crate::function::{self, Words, local};
use crate::names::{self, Kind};

const WORDS: Words = Words {
    attribute: "#[plugin_hook]",
    subject: "a hook",
};

const KIND: Kind = Kind {
    word: "hook",
    remedy: "#[plugin_hook(\"…\", name = \"…\")]",
};

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let function = match function::parse(item, WORDS) {
        Ok(function) => function,
        Err(output) => return output,
    };
    let mut errors = Errors::default();
    let attribute = attribute::parse(attribute, &function, &mut errors);
    function::check(&function.sig, WORDS, &mut errors);
    let told = told(&function, &mut errors);
    match (attribute, told) {
        (Some(attribute), Some(told)) if errors.is_empty() => output(&attribute, &function, &told),
        _ => {
            // The function stays, so that its callers give no further errors.
            let errors = errors.into_tokens();
            quote! { #function #errors }
        }
    }
}

/// What the function is told.
struct Told<'a> {
    /// Its type, without `&`.
    ty: &'a Type,
    by_reference: bool,
}

fn told<'a>(function: &'a ItemFn, errors: &mut Errors) -> Option<Told<'a>> {
    let mut arguments = function.sig.inputs.iter();
    let Some(first) = arguments.next() else {
        errors.at_span(
            function.sig.paren_token.span.join(),
            "a hook takes what it is told; write an argument such as `event: BeforeToolCall`",
        );
        return None;
    };
    for second in arguments {
        errors.at(
            second,
            "a hook is told one thing, the point's payload; remove this argument",
        );
    }
    let FnArg::Typed(argument) = first else {
        return None;
    };
    let told = match &*argument.ty {
        Type::Reference(reference) => {
            if let Some(mutability) = &reference.mutability {
                errors.at(mutability, "what a hook changes in its argument nobody sees; take it by value, `mut event: …`, and return it");
            }
            Told {
                ty: &reference.elem,
                by_reference: true,
            }
        }
        ty => Told {
            ty,
            by_reference: false,
        },
    };
    if matches!(told.ty, Type::ImplTrait(_)) {
        errors.at(
            told.ty,
            "a hook can't be generic, and `impl Trait` is: each point has one payload; write its type",
        );
    }
    Some(told)
}

/// `BeforeToolCall` of `before-tool-call`.
fn payload(attribute: &HookAttribute) -> Ident {
    let words = attribute.point.name.split('-');
    let name: String = words
        .map(|word| word[..1].to_uppercase() + &word[1..])
        .collect();
    Ident::new(&name, local(attribute.span))
}

fn output(attribute: &HookAttribute, function: &ItemFn, told: &Told<'_>) -> TokenStream {
    let HookAttribute { name, priority, .. } = attribute;
    let guard = names::unique(&name.text, name.span, KIND);
    let (point, name) = (attribute.point.name, &name.text);
    let mode = variant(attribute.mode);
    let phase = variant(attribute.phase);
    let run = run(attribute, function, told);
    let entry = quote! {
        __rt::Hook {
            point: #point,
            name: #name,
            mode: __rt::Mode::#mode,
            phase: __rt::Phase::#phase,
            priority: #priority,
            run: |__payload| ::std::boxed::Box::pin(async move { #run }),
        }
    };
    function::listed(function, &guard, Some("needs_hooks"), &entry)
}

fn run(attribute: &HookAttribute, function: &ItemFn, told: &Told<'_>) -> TokenStream {
    let ident = &function.sig.ident;
    let payload = payload(attribute);
    let ty = told.ty;
    let decode = quote_spanned! { local(ty.span())=>
        let __value = (&&&__rt::Told::<__rt::payload::#payload, #ty>::new()).decode(&__payload)?;
    };
    let passed = if told.by_reference {
        quote! { &__value }
    } else {
        quote! { __value }
    };
    let awaited = function.sig.asyncness.map(|_| quote! { .await });
    let judge = format_ident!("{}_outcome", attribute.mode);
    let success = quote_spanned! { function::result_span(function)=>
        __rt::#judge::<__rt::payload::#payload, _>(__value)
    };
    let result = function::split(function, &success);
    quote! {
        use __rt::dispatch::*;
        #decode
        let __value = #ident(#passed) #awaited;
        #result
    }
}

/// `Gate` of `gate`.
fn variant(word: &str) -> Ident {
    format_ident!("{}", word[..1].to_uppercase() + &word[1..])
}
