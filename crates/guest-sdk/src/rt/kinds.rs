//! What an argument is, decided by its type and not by its spelling.
//!
//! `Arg<T>` has several methods called `kind`, each behind a trait, and the compiler takes the first that fits, in the
//! order of references before `Arg`: a value of the host's, a stream without the feature, JSON. The last two fit always and
//! say what is wrong.

use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::arguments::{Fields, Given, from_nothing};
use super::signature::{DefaultValue, Signature};
use crate::context::Context;
use crate::error::ToolError;
use crate::stream::{InputStream, OutputStream};
#[cfg(feature = "streaming")]
use crate::types::Streams;

/// One argument, by its type; references are written without their `&`.
pub struct Arg<T: ?Sized>(PhantomData<T>);

impl<T: ?Sized> Arg<T> {
    /// An argument of that type.
    #[expect(clippy::new_without_default, reason = "only macros make it")]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

/// Types that come from the host and not from the caller's JSON.
pub trait GivenByHost: Sized {
    /// What the tool's definition says of it.
    fn describe(_signature: &mut Signature) {}

    /// Takes it out of the call.
    ///
    /// # Errors
    /// `unsupported`, if the call has none.
    fn obtain(given: &mut Given) -> Result<Self, ToolError>;
}

impl GivenByHost for Context {
    fn obtain(given: &mut Given) -> Result<Self, ToolError> {
        Ok(given.context.clone())
    }
}

#[cfg(feature = "streaming")]
impl GivenByHost for InputStream {
    fn describe(signature: &mut Signature) {
        signature.stream(Streams::INPUT);
    }

    fn obtain(given: &mut Given) -> Result<Self, ToolError> {
        given.input.take().ok_or_else(not_in_pieces)
    }
}

#[cfg(feature = "streaming")]
impl GivenByHost for OutputStream {
    fn describe(signature: &mut Signature) {
        signature.stream(Streams::OUTPUT);
    }

    fn obtain(given: &mut Given) -> Result<Self, ToolError> {
        given.output.take().ok_or_else(not_in_pieces)
    }
}

#[cfg(feature = "streaming")]
fn not_in_pieces() -> ToolError {
    ToolError::unsupported(
        "this tool works in pieces; call it through portcullis:tool/streaming-tools",
    )
}

/// Types that need the feature `streaming`.
pub trait InPieces {}

impl InPieces for InputStream {}
impl InPieces for OutputStream {}

/// Holds for nothing; says what to do about a stream without the feature.
#[diagnostic::on_unimplemented(
    message = "`{Self}` needs the feature `streaming` of portcullis-guest-sdk",
    label = "works in pieces",
    note = "write in Cargo.toml: portcullis-guest-sdk = {{ version = \"…\", features = [\"streaming\"] }}"
)]
pub trait FeatureStreaming {}

/// Holds for what can be an argument. Named in errors only.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be an argument of a tool",
    label = "can't be made of a caller's JSON",
    note = "an argument's type is owned and `serde::Deserialize + schemars::JsonSchema`; `&T` is lent from such a type",
    note = "put #[plugin_type] on a type of your own; wrap one of another crate in such a type, or take a `String` and parse it"
)]
pub trait ToolArgument {}

/// Holds for what may have a default. Named in errors only.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't have a default: the host gives it",
    label = "comes from the host, not from the caller",
    note = "remove #[arg(default)]"
)]
pub trait Defaultable {}

/// Holds for what may stand beside `#[args]`. Named in errors only.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't stand beside an argument that is marked #[args]",
    label = "a second value out of the caller's JSON",
    note = "#[args] takes the whole argument object: make this a field of that struct, or remove #[args]",
    note = "only `Context`, `InputStream` and `OutputStream` may stand beside it"
)]
pub trait BesideArgs {}

/// Holds for what may be marked `#[args]`. Named in errors only.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be marked #[args]: the host gives it",
    label = "comes from the host, not from the caller",
    note = "remove #[args]"
)]
pub trait WholeObject {}

/// Selects what the host gives.
pub trait IsHostGiven {
    /// The argument's type.
    type Is;
    /// What it is.
    fn kind(&self) -> HostGiven<Self::Is> {
        HostGiven(PhantomData)
    }
}

impl<T: GivenByHost> IsHostGiven for &&&&Arg<T> {
    type Is = T;
}

/// Selects an error for a stream without the feature.
pub trait IsInPieces {
    /// The argument's type.
    type Is;
    /// What it is.
    fn kind(&self) -> Wrong<Self::Is>
    where
        Self::Is: FeatureStreaming,
    {
        Wrong(PhantomData)
    }
}

impl<T: InPieces> IsInPieces for &&&Arg<T> {
    type Is = T;
}

/// Selects what comes out of the JSON.
pub trait IsJson {
    /// The owned type to decode.
    type Is;
    /// What it is.
    fn kind(&self) -> Json<Self::Is> {
        Json(PhantomData)
    }
}

impl<T: DeserializeOwned + JsonSchema> IsJson for &&Arg<T> {
    type Is = T;
}

impl IsJson for &&Arg<str> {
    type Is = String;
}

impl<T: DeserializeOwned + JsonSchema> IsJson for &&Arg<[T]> {
    type Is = Vec<T>;
}

/// Selects an error for any other sized type.
pub trait IsWrong {
    /// The argument's type.
    type Is;
    /// What it is.
    fn kind(&self) -> Wrong<Self::Is>
    where
        Self::Is: ToolArgument,
    {
        Wrong(PhantomData)
    }
}

impl<T> IsWrong for &Arg<T> {
    type Is = T;
}

/// Selects an error for any other unsized type.
pub trait IsWrongUnsized {
    /// The argument's type.
    type Is: ?Sized;
    /// What it is.
    fn kind(&self) -> Wrong<Box<Self::Is>>
    where
        Self::Is: ToolArgument,
    {
        Wrong(PhantomData)
    }
}

impl<T: ?Sized> IsWrongUnsized for Arg<T> {
    type Is = T;
}

/// An argument out of the caller's JSON.
pub struct Json<T>(PhantomData<T>);

impl<T: DeserializeOwned + JsonSchema> Json<T> {
    /// Adds a property.
    pub fn describe(&self, signature: &mut Signature, name: &'static str, doc: &'static str) {
        let required = from_nothing::<T>().is_none();
        signature.property::<T>(name, doc, required, None);
    }

    /// Adds a property with a default, which is in the schema if it has a JSON form.
    pub fn describe_or(
        &self,
        signature: &mut Signature,
        name: &'static str,
        doc: &'static str,
        default: Option<Value>,
    ) {
        signature.property::<T>(name, doc, false, default);
    }

    /// Makes the type's schema that of the whole object.
    pub fn describe_whole(&self, signature: &mut Signature) {
        signature.whole::<T>();
    }

    /// Decodes the field.
    ///
    /// # Errors
    /// `invalid-arguments`, if it is missing or does not decode.
    pub fn take(&self, _: &mut Given, fields: &mut Fields<'_>, name: &str) -> Result<T, ToolError> {
        fields.require(name)
    }

    /// Decodes the field, if it is there.
    ///
    /// # Errors
    /// `invalid-arguments`, if it does not decode.
    pub fn take_optional(
        &self,
        fields: &mut Fields<'_>,
        name: &str,
    ) -> Result<Option<T>, ToolError> {
        fields.take(name)
    }

    /// Decodes the whole object.
    ///
    /// # Errors
    /// `invalid-arguments`, if it does not decode.
    pub fn take_whole(&self, arguments: &str) -> Result<T, ToolError> {
        serde_json::from_str(arguments)
            .map_err(|error| ToolError::invalid_arguments(error.to_string()))
    }

    /// A mistake: a second value out of the JSON.
    ///
    /// # Errors
    /// None: does not compile.
    pub fn take_beside(&self, _: &mut Given) -> Result<T, ToolError>
    where
        T: BesideArgs,
    {
        super::never()
    }

    /// The default of `#[arg(default)]`.
    pub fn default_of_type(&self) -> DefaultValue<T>
    where
        T: Default,
    {
        DefaultValue(T::default())
    }

    /// The default of `#[arg(default = "text")]`, for any type that is made of text.
    pub fn default_text(&self, text: &'static str) -> DefaultValue<T>
    where
        T: From<&'static str>,
    {
        DefaultValue(T::from(text))
    }

    /// The default of `#[arg(default = value)]`.
    pub fn default_value(&self, value: impl FnOnce() -> T) -> DefaultValue<T> {
        DefaultValue(value())
    }
}

/// An argument that the host gives.
pub struct HostGiven<T>(PhantomData<T>);

impl<T: GivenByHost> HostGiven<T> {
    /// Adds the directions of a stream.
    pub fn describe(&self, signature: &mut Signature, _: &'static str, _: &'static str) {
        T::describe(signature);
    }

    /// Takes it from the host.
    ///
    /// # Errors
    /// `unsupported`, if the call has none.
    pub fn take(&self, given: &mut Given, _: &mut Fields<'_>, _: &str) -> Result<T, ToolError> {
        T::obtain(given)
    }

    /// Takes it from the host.
    ///
    /// # Errors
    /// `unsupported`, if the call has none.
    pub fn take_beside(&self, given: &mut Given) -> Result<T, ToolError> {
        T::obtain(given)
    }

    /// A mistake: what the host gives is not in the JSON.
    pub fn describe_whole(&self, _: &mut Signature)
    where
        T: WholeObject,
    {
    }

    /// Never run.
    ///
    /// # Errors
    /// None.
    pub fn take_whole(&self, _: &str) -> Result<T, ToolError> {
        super::never()
    }

    /// A mistake: what the host gives has no default.
    pub fn describe_or(&self, _: &mut Signature, _: &'static str, _: &'static str, _: Option<Value>)
    where
        T: Defaultable,
    {
    }

    /// Never run.
    ///
    /// # Errors
    /// None.
    pub fn take_optional(&self, _: &mut Fields<'_>, _: &str) -> Result<Option<T>, ToolError> {
        super::never()
    }

    /// Never run.
    pub fn default_of_type(&self) -> DefaultValue<T> {
        super::never()
    }

    /// Never run.
    pub fn default_text(&self, _: &'static str) -> DefaultValue<T> {
        super::never()
    }

    /// Never run.
    pub fn default_value<D>(&self, _: impl FnOnce() -> D) -> DefaultValue<T> {
        super::never()
    }
}

/// An argument that does not compile; it has every method, so that there is one error and not several.
pub struct Wrong<T>(PhantomData<T>);

impl<T> Wrong<T> {
    /// Never run.
    pub fn describe(&self, _: &mut Signature, _: &'static str, _: &'static str) {}

    /// Never run.
    pub fn describe_or(
        &self,
        _: &mut Signature,
        _: &'static str,
        _: &'static str,
        _: Option<Value>,
    ) {
    }

    /// Never run.
    pub fn describe_whole(&self, _: &mut Signature) {}

    /// Never run.
    pub fn take(&self, _: &mut Given, _: &mut Fields<'_>, _: &str) -> Result<T, ToolError> {
        super::never()
    }

    /// Never run.
    pub fn take_optional(&self, _: &mut Fields<'_>, _: &str) -> Result<Option<T>, ToolError> {
        super::never()
    }

    /// Never run.
    pub fn take_whole(&self, _: &str) -> Result<T, ToolError> {
        super::never()
    }

    /// Never run.
    pub fn take_beside(&self, _: &mut Given) -> Result<T, ToolError> {
        super::never()
    }

    /// Never run.
    pub fn default_of_type(&self) -> DefaultValue<T> {
        super::never()
    }

    /// Never run.
    pub fn default_text(&self, _: &'static str) -> DefaultValue<T> {
        super::never()
    }

    /// Never run.
    pub fn default_value<D>(&self, _: impl FnOnce() -> D) -> DefaultValue<T> {
        super::never()
    }
}
