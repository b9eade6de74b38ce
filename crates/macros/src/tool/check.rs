//! What a tool's function may not be.

use syn::{FnArg, GenericParam, Signature};

use crate::errors::Errors;

pub(crate) fn signature(signature: &Signature, errors: &mut Errors) {
    for parameter in &signature.generics.params {
        match parameter {
            GenericParam::Lifetime(_) => {}
            GenericParam::Type(_) | GenericParam::Const(_) => errors.at(
                parameter,
                "a tool can't be generic: its schema is made of concrete types; write the type, or a tool for each",
            ),
        }
    }
    if let Some(unsafety) = &signature.unsafety {
        errors.at(
            unsafety,
            "a tool can't be unsafe: its caller is not Rust code; uphold the conditions inside and remove `unsafe`",
        );
    }
    if let Some(abi) = &signature.abi {
        errors.at(abi, "a tool is an ordinary Rust function; remove `extern`");
    }
    if let Some(variadic) = &signature.variadic {
        errors.at(variadic, "a tool names each argument; take a `Vec` instead of `...`");
    }
    if let Some(FnArg::Receiver(receiver)) = signature.inputs.first() {
        errors.at(
            receiver,
            "a tool has no `self`: it is a free function; move it out of the `impl` and keep state in a static or in the host",
        );
    }
}
