//! Arguments that come as texts: a template's variables and a prompt's arguments.
//!
//! What an argument is, its type decides, in the way of [`super::kinds`].

use std::fmt::Display;
use std::marker::PhantomData;
use std::str::FromStr;

use crate::context::Context;
use crate::error::ToolError;
use crate::prompt::PromptArgument;

/// The texts that came with a call, and the call itself.
pub struct Texts {
    context: Context,
    /// What is read, if this is no prompt.
    uri: Option<String>,
    values: Vec<(String, String)>,
}

impl Texts {
    pub(super) fn of_prompt(context: Context, values: Vec<(String, String)>) -> Self {
        Self {
            context,
            uri: None,
            values,
        }
    }

    pub(super) fn of_resource(
        context: Context,
        uri: String,
        values: Vec<(String, String)>,
    ) -> Self {
        Self {
            context,
            uri: Some(uri),
            values,
        }
    }

    /// What is read; nothing, if this is a prompt. To be taken last.
    pub fn take_uri(&mut self) -> String {
        self.uri.take().unwrap_or_default()
    }

    fn take(&mut self, name: &str) -> Option<String> {
        let index = self.values.iter().position(|(key, _)| key == name)?;
        Some(self.values.swap_remove(index).1)
    }

    /// An argument that can't be had. In an address it means that there is nothing at it.
    fn wrong(&self, name: &str, why: &str) -> ToolError {
        match &self.uri {
            Some(uri) => ToolError::not_found(format!("nothing is at `{uri}`: `{name}` {why}")),
            None => ToolError::invalid_arguments(format!("argument `{name}` {why}")),
        }
    }

    fn decode<T: FromText>(&self, name: &str, text: String) -> Result<T, ToolError> {
        T::from_text(text).map_err(|why| self.wrong(name, &format!("does not fit: {why}")))
    }

    /// Checks that every text was taken.
    ///
    /// # Errors
    /// `invalid-arguments`, if the caller gave one that the prompt does not know.
    pub fn finish(&mut self) -> Result<(), ToolError> {
        match self.values.first() {
            None => Ok(()),
            Some((name, _)) => Err(ToolError::invalid_arguments(format!(
                "unknown argument `{name}`; the prompt's definition names those it takes"
            ))),
        }
    }
}

/// Types that are made of text.
pub trait FromText: Sized {
    /// Makes one.
    ///
    /// # Errors
    /// Why the text is none.
    fn from_text(text: String) -> Result<Self, String>;
}

impl<T: FromStr<Err: Display>> FromText for T {
    fn from_text(text: String) -> Result<Self, String> {
        text.parse().map_err(|error: T::Err| error.to_string())
    }
}

/// One argument, by its type; references are written without their `&`.
pub struct Text<T: ?Sized>(PhantomData<T>);

impl<T: ?Sized> Text<T> {
    /// An argument of that type.
    #[expect(clippy::new_without_default, reason = "only macros make it")]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

/// Selects the call itself.
pub trait IsContext {
    /// What it is.
    fn text_kind(&self) -> TheCall {
        TheCall
    }
}

impl IsContext for &&&&Text<Context> {}

/// Selects what may be left out.
pub trait IsOptionalText {
    /// The type of what is there.
    type Is;
    /// What it is.
    fn text_kind(&self) -> OptionalText<Self::Is> {
        OptionalText(PhantomData)
    }
}

impl<T: FromText> IsOptionalText for &&&Text<Option<T>> {
    type Is = T;
}

/// Selects what is made of text.
pub trait IsText {
    /// The owned type.
    type Is;
    /// What it is.
    fn text_kind(&self) -> RequiredText<Self::Is> {
        RequiredText(PhantomData)
    }
}

impl<T: FromText> IsText for &&Text<T> {
    type Is = T;
}

impl IsText for &&Text<str> {
    type Is = String;
}

/// Holds for what can be made of text. Named in errors only.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be made of a text",
    label = "comes to this function as text",
    note = "take a `String`, `&str`, a number, a `bool`, or any type that is `std::str::FromStr` with an error that is `Display`",
    note = "in a prompt an `Option` of one of these is an argument that may be left out"
)]
pub trait TextArgument {}

/// Selects an error for any other sized type.
pub trait IsNoText {
    /// The argument's type.
    type Is;
    /// What it is.
    fn text_kind(&self) -> WrongText<Self::Is>
    where
        Self::Is: TextArgument,
    {
        WrongText(PhantomData)
    }
}

impl<T> IsNoText for &Text<T> {
    type Is = T;
}

/// Selects an error for any other unsized type.
pub trait IsNoTextUnsized {
    /// The argument's type.
    type Is: ?Sized;
    /// What it is.
    fn text_kind(&self) -> WrongText<Box<Self::Is>>
    where
        Self::Is: TextArgument,
    {
        WrongText(PhantomData)
    }
}

impl<T: ?Sized> IsNoTextUnsized for Text<T> {
    type Is = T;
}

/// The call itself, which is no argument of the caller's.
pub struct TheCall;

impl TheCall {
    /// Adds nothing.
    pub fn describe(self, _: &mut Vec<PromptArgument>, _: &str, _: &str, _: &[&str]) {}

    /// The call.
    ///
    /// # Errors
    /// None.
    pub fn take(self, texts: &mut Texts, _: &str) -> Result<Context, ToolError> {
        Ok(texts.context.clone())
    }
}

/// An argument that may be left out.
pub struct OptionalText<T>(PhantomData<T>);

impl<T: FromText> OptionalText<T> {
    /// Adds an argument.
    pub fn describe(
        self,
        arguments: &mut Vec<PromptArgument>,
        name: &str,
        doc: &str,
        values: &[&str],
    ) {
        arguments.push(argument(name, doc, false, values));
    }

    /// Makes it of its text, if there is one.
    ///
    /// # Errors
    /// If the text does not fit.
    pub fn take(self, texts: &mut Texts, name: &str) -> Result<Option<T>, ToolError> {
        let text = texts.take(name);
        text.map(|text| texts.decode(name, text)).transpose()
    }
}

/// An argument that has to be there.
pub struct RequiredText<T>(PhantomData<T>);

impl<T: FromText> RequiredText<T> {
    /// Adds an argument.
    pub fn describe(
        self,
        arguments: &mut Vec<PromptArgument>,
        name: &str,
        doc: &str,
        values: &[&str],
    ) {
        arguments.push(argument(name, doc, true, values));
    }

    /// Makes it of its text.
    ///
    /// # Errors
    /// If there is none, or it does not fit.
    pub fn take(self, texts: &mut Texts, name: &str) -> Result<T, ToolError> {
        match texts.take(name) {
            Some(text) => texts.decode(name, text),
            None => Err(texts.wrong(name, "is missing")),
        }
    }
}

fn argument(name: &str, doc: &str, required: bool, values: &[&str]) -> PromptArgument {
    PromptArgument {
        name: name.to_owned(),
        title: None,
        description: super::entries::given(doc),
        required,
        values: super::entries::owned(values),
    }
}

/// An argument that does not compile; it has every method, so that there is one error and not several.
pub struct WrongText<T>(PhantomData<T>);

impl<T> WrongText<T> {
    /// Never run.
    pub fn describe(self, _: &mut Vec<PromptArgument>, _: &str, _: &str, _: &[&str]) {}

    /// Never run.
    ///
    /// # Errors
    /// None.
    pub fn take(self, _: &mut Texts, _: &str) -> Result<T, ToolError> {
        super::never()
    }
}

/// Holds for what may stand beside the variables of an address.
#[diagnostic::on_unimplemented(
    message = "this argument is no variable of the resource's address, and `{Self}` is nothing that a host gives",
    label = "nobody gives it",
    note = "name it like a variable: template = \"…/{{name}}\"; beside those, only `Context` may stand"
)]
pub trait BesideVariables: Sized {
    /// Takes it from the host.
    fn obtain(texts: &Texts) -> Self;
}

impl BesideVariables for Context {
    fn obtain(texts: &Texts) -> Self {
        texts.context.clone()
    }
}

/// What stands beside the variables of an address.
pub fn beside<T: BesideVariables>(texts: &Texts) -> T {
    T::obtain(texts)
}
