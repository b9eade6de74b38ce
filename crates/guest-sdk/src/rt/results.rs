//! From what a function returns to what its caller gets, decided by the type as in [`super::kinds`].

use std::convert::Infallible;
use std::fmt::Display;
use std::marker::PhantomData;

use futures_core::Stream;
use schemars::JsonSchema;
use serde::Serialize;

use super::arguments::Given;
#[cfg(not(feature = "streaming"))]
use super::kinds::FeatureStreaming;
use super::signature::Signature;
use crate::error::ToolError;
use crate::output::IntoToolOutput;
#[cfg(feature = "streaming")]
use crate::stream::StreamItem;
#[cfg(feature = "streaming")]
use crate::types::Streams;
use crate::types::{Content, ToolOutput};

/// A function's result, by its type.
pub struct Ret<T>(PhantomData<T>);

impl<T> Ret<T> {
    /// What a function returns that is named and never run.
    pub fn of(_: impl FnOnce() -> T) -> Self {
        Self(PhantomData)
    }

    /// What a value is.
    pub fn of_value(_: &T) -> Self {
        Self(PhantomData)
    }
}

impl<F: Future> Ret<F> {
    /// What a future gives.
    pub fn awaited(self) -> Ret<F::Output> {
        Ret(PhantomData)
    }
}

/// Parts a `Result`.
pub trait SplitResult<T, E> {
    /// The type of success.
    fn success(&self) -> Ret<T>;
    /// Itself.
    ///
    /// # Errors
    /// Itself.
    fn split(&self, value: Result<T, E>) -> Result<T, E>;
}

impl<T, E> SplitResult<T, E> for &Ret<Result<T, E>> {
    fn success(&self) -> Ret<T> {
        Ret(PhantomData)
    }

    fn split(&self, value: Result<T, E>) -> Result<T, E> {
        value
    }
}

/// Anything else is a success.
pub trait SplitPlain<T> {
    /// The type itself.
    fn success(&self) -> Ret<T>;
    /// A success.
    ///
    /// # Errors
    /// None.
    fn split(&self, value: T) -> Result<T, Infallible>;
}

impl<T> SplitPlain<T> for Ret<T> {
    fn success(&self) -> Ret<T> {
        Ret(PhantomData)
    }

    fn split(&self, value: T) -> Result<T, Infallible> {
        Ok(value)
    }
}

/// Holds for what can be a result. Named in errors only.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be the result of a tool",
    label = "neither content nor JSON",
    note = "a result is text, a `Blob`, `Content`, a `ToolOutput`, a stream of them, or any type that is \
            `serde::Serialize + schemars::JsonSchema`; or a `Result` of one of these",
    note = "put #[plugin_type] on a type of your own, or implement `IntoToolOutput` for it"
)]
pub trait ToolResult {}

/// Selects content.
pub trait IsContent {
    /// What it is.
    fn kind(&self) -> AsContent {
        AsContent
    }
}

impl<T: IntoToolOutput> IsContent for &&&Ret<T> {}

/// Selects a stream.
pub trait IsStream {
    /// What it is.
    #[cfg(feature = "streaming")]
    fn kind(&self) -> AsStream {
        AsStream
    }
    /// A mistake: the feature is off.
    #[cfg(not(feature = "streaming"))]
    fn kind(&self) -> AsNothing
    where
        Self::Is: FeatureStreaming,
    {
        AsNothing
    }
    /// The stream's type.
    type Is;
}

impl<T: Stream> IsStream for &&Ret<T> {
    type Is = T;
}

/// Selects JSON.
pub trait IsStructured {
    /// What it is.
    fn kind(&self) -> AsJson {
        AsJson
    }
}

impl<T: Serialize + JsonSchema> IsStructured for &Ret<T> {}

/// Selects an error.
pub trait IsNoResult {
    /// The result's type.
    type Is;
    /// What it is.
    fn kind(&self) -> AsNothing
    where
        Self::Is: ToolResult,
    {
        AsNothing
    }
}

impl<T> IsNoResult for Ret<T> {
    type Is = T;
}

/// A result that is content.
pub struct AsContent;

impl AsContent {
    /// Content has no schema.
    pub fn describe<T: IntoToolOutput>(self, _: &mut Signature, _: Ret<T>) {}

    /// Makes the output.
    ///
    /// # Errors
    /// None.
    #[expect(clippy::unused_async, reason = "the same call as for a stream")]
    pub async fn encode<T: IntoToolOutput>(
        self,
        _: Given,
        value: T,
    ) -> Result<ToolOutput, ToolError> {
        Ok(value.into_tool_output())
    }
}

/// A result that is JSON.
pub struct AsJson;

impl AsJson {
    /// Adds an output schema.
    pub fn describe<T: Serialize + JsonSchema>(self, signature: &mut Signature, _: Ret<T>) {
        signature.output::<T>();
    }

    /// Makes the output: the JSON, and the same as text for who does not read structured results.
    ///
    /// # Errors
    /// `internal`, if the value has no JSON form.
    #[expect(clippy::unused_async, reason = "the same call as for a stream")]
    pub async fn encode<T: Serialize>(self, _: Given, value: T) -> Result<ToolOutput, ToolError> {
        let json = serde_json::to_string(&value).map_err(|error| {
            ToolError::internal(format!("the tool's result has no JSON form: {error}"))
        })?;
        Ok(ToolOutput {
            content: vec![Content::Text(json.clone())],
            structured: Some(json),
        })
    }
}

/// A result that is a stream of events.
#[cfg(feature = "streaming")]
pub struct AsStream;

#[cfg(feature = "streaming")]
impl AsStream {
    /// Says that output flows in pieces.
    pub fn describe<T: Stream>(self, signature: &mut Signature, _: Ret<T>)
    where
        T::Item: StreamItem,
    {
        signature.stream(Streams::OUTPUT);
    }

    /// Sends what the stream gives until it ends or the caller reads no more.
    ///
    /// # Errors
    /// The first that the stream gives; `unsupported`, if the call takes no events.
    pub async fn encode<T: Stream>(
        self,
        mut given: Given,
        stream: T,
    ) -> Result<ToolOutput, ToolError>
    where
        T::Item: StreamItem,
    {
        let mut output =
            <crate::stream::OutputStream as super::kinds::GivenByHost>::obtain(&mut given)?;
        let mut stream = std::pin::pin!(stream);
        while let Some(item) = std::future::poll_fn(|cx| stream.as_mut().poll_next(cx)).await {
            output.send(item.into_event()?).await?;
        }
        Ok(ToolOutput::default())
    }
}

/// A result that does not compile; it has every method, so that there is one error and not several.
pub struct AsNothing;

impl AsNothing {
    /// Never run.
    pub fn describe<T>(self, _: &mut Signature, _: Ret<T>) {}

    /// Never run.
    ///
    /// # Errors
    /// None.
    #[expect(clippy::unused_async, reason = "the same call as for a stream")]
    pub async fn encode<T>(self, _: Given, _: T) -> Result<ToolOutput, ToolError> {
        super::never()
    }
}

/// A function's error, by its type.
pub struct Fault<T>(PhantomData<T>);

impl<T> Fault<T> {
    /// What a value is.
    pub fn of_value(_: &T) -> Self {
        Self(PhantomData)
    }
}

/// Holds for what can be an error. Named in errors only.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be the error of a plugin's function",
    label = "can't be told to a caller",
    note = "an error is `Into<ToolError>` or `Display`: a `ToolError`, a `String`, any `std::error::Error`"
)]
pub trait ToolFault {}

/// Selects conversion.
pub trait FaultByInto<T> {
    /// The error for the caller.
    fn fault(&self, error: T) -> ToolError;
}

impl<T: Into<ToolError>> FaultByInto<T> for &&Fault<T> {
    fn fault(&self, error: T) -> ToolError {
        error.into()
    }
}

/// Selects an error's text.
pub trait FaultByDisplay<T> {
    /// The error for the caller.
    fn fault(&self, error: T) -> ToolError;
}

impl<T: Display> FaultByDisplay<T> for &Fault<T> {
    fn fault(&self, error: T) -> ToolError {
        ToolError::internal(error.to_string())
    }
}

/// Selects an error of the compiler.
pub trait NoFault<T> {
    /// Does not compile.
    fn fault(&self, error: T) -> ToolError
    where
        T: ToolFault;
}

impl<T> NoFault<T> for Fault<T> {
    fn fault(&self, _: T) -> ToolError
    where
        T: ToolFault,
    {
        super::never()
    }
}
