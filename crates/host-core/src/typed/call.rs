//! Calling a function by its types, and what its result is as a tool's answer.

use std::any::TypeId;
use std::sync::{Arc, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use wasmtime::component::{Accessor, Instance};
use wasmtime::{Result, format_err};

use super::function::{Function, Functions, RESULT};
use super::mismatch::Mismatch;
use super::schema::TAG;
use super::ty::{Flow, Returns, Type};
use super::{Value, abi, de, ser};
use crate::bindings::v0_1::portcullis::tool::tool_types as wit;
use crate::error::{ArgumentMistake, Error};
use crate::instance::Answer;
use crate::state::State;

/// The code of an error whose type has no names for what went wrong.
const FAILED: &str = "failed";

/// Cases that are tried when a serde type is checked. Later ones are found when they come.
const MOST_ROUNDS: usize = 64;

/// The functions of an instance.
pub(crate) struct Exported {
    functions: Arc<Functions>,
    instance: Instance,
}

/// A function and what it is called with.
pub(crate) struct Asked {
    functions: Arc<Functions>,
    at: usize,
    params: Vec<Value>,
}

impl Asked {
    /// A function by its tool's name, with a JSON object.
    ///
    /// # Errors
    /// [`Error::InvalidArguments`] for what fits the schema and is no value of the type all the same, such as broken base64.
    pub(crate) fn by_tool(
        functions: &Arc<Functions>,
        tool: &str,
        arguments: &str,
    ) -> Result<Self, Error> {
        let arguments: Json = serde_json::from_str(arguments).map_err(Error::host)?;
        let found = functions.tool(tool);
        Self::new(functions, found, tool, &arguments)
    }

    /// A function by its path, with a serde type.
    ///
    /// # Errors
    /// [`Error::InvalidArguments`] where the type is another than the component's, or a value is beyond it.
    pub(crate) fn by_path<T: Serialize>(
        functions: &Arc<Functions>,
        path: &str,
        arguments: &T,
    ) -> Result<Self, Error> {
        Self::new(functions, functions.at(path), path, arguments)
    }

    fn new<T: Serialize>(
        functions: &Arc<Functions>,
        found: Option<usize>,
        name: &str,
        arguments: &T,
    ) -> Result<Self, Error> {
        let at = found.ok_or_else(|| functions.unknown(name))?;
        let params = ser::to_params(&functions.functions[at].params, arguments);
        let params = params.map_err(
            |Mismatch {
                 pointer, problem, ..
             }| Error::InvalidArguments {
                tool: name.to_owned(),
                mistakes: vec![ArgumentMistake { pointer, problem }],
            },
        )?;
        Ok(Self {
            functions: Arc::clone(functions),
            at,
            params,
        })
    }

    pub(crate) fn function(&self) -> &Function {
        &self.functions.functions[self.at]
    }

    /// Checks, the first time, that a serde type can read what the function returns.
    ///
    /// # Errors
    /// [`Error::Unsupported`] with the place where they differ.
    pub(crate) fn check_result<T: DeserializeOwned + 'static>(&self) -> Result<(), Error> {
        let key = (self.at, TypeId::of::<T>());
        let checked = || {
            self.functions
                .checked
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if checked().contains(&key) {
            return Ok(());
        }
        self.function().check_result::<T>()?;
        checked().insert(key);
        Ok(())
    }

    /// What its arguments count against the limit.
    pub(crate) fn size(&self) -> u64 {
        self.params.iter().map(Value::size).sum()
    }
}

impl Exported {
    pub(crate) fn new(functions: Arc<Functions>, instance: Instance) -> Self {
        Self {
            functions,
            instance,
        }
    }

    /// The function that a tool's call asks for.
    pub(crate) fn asked(&self, call: &wit::ToolCall) -> Result<Asked, Error> {
        if !call.attachments.is_empty() {
            return Err(Error::Unsupported {
                what: format!("{:?} was called with attachments", call.name),
                remedy: "a function of a component's own takes its parameters alone; give bytes as one of them",
            });
        }
        Asked::by_tool(&self.functions, &call.name, &call.arguments)
    }

    /// Calls it, and gives what it returns as it is.
    pub(crate) async fn call(&self, accessor: &Accessor<State>, asked: Asked) -> Result<Returned> {
        let function = &asked.functions.functions[asked.at];
        let func = accessor.with(|mut store| self.instance.get_func(&mut store, function.index));
        let func = func.ok_or_else(|| format_err!("{} is not exported", function.path))?;
        let value = abi::call(accessor, func, asked.params, function.flat).await?;
        Ok(Returned {
            functions: asked.functions,
            at: asked.at,
            value,
        })
    }
}

/// What a function returned.
pub(crate) struct Returned {
    functions: Arc<Functions>,
    at: usize,
    value: Option<Value>,
}

impl Returned {
    fn function(&self) -> &Function {
        &self.functions.functions[self.at]
    }

    /// Whether and how its result flows in pieces.
    pub(super) fn flow(&self) -> Option<Flow> {
        match self.function().returns {
            Returns::Flow(flow) => Some(flow),
            _ => None,
        }
    }

    /// What it counts against the limit.
    pub(crate) fn size(&self) -> u64 {
        self.value.as_ref().map_or(0, Value::size)
    }

    /// Its good end, or its bad one as a tool's error.
    pub(super) fn split(&mut self) -> Result<Result<Option<Value>, wit::ToolError>, Mismatch> {
        let value = self.value.take();
        let Some(error) = &self.function().error else {
            return Ok(Ok(value));
        };
        match (value, error) {
            (Some(Value::Case(0, good)), _) => Ok(Ok(good.map(|good| *good))),
            (Some(Value::Case(_, Some(bad))), Some(ty)) => tool_error(ty, *bad).map(Err),
            _ => Ok(Err(wit::ToolError {
                code: FAILED.to_owned(),
                message: format!("{} failed, and says no more", self.function().path),
                details: None,
                retryable: false,
            })),
        }
    }

    /// A tool's answer: the value as it is where it is a record, and otherwise as the property `result`.
    pub(crate) fn answer(mut self) -> Result<Answer, Error> {
        self.as_answer()
            .map_err(|error| Error::host(format!("{error}")))
    }

    fn as_answer(&mut self) -> Result<Answer, Mismatch> {
        let value = match self.split()? {
            Ok(value) => value,
            Err(error) => return Ok(Err(error)),
        };
        let mut output = wit::ToolOutput {
            content: Vec::new(),
            structured: None,
        };
        if let (Some(value), Returns::Value(ty)) = (value, &self.function().returns) {
            let json: Json = de::from_value(ty, value)?;
            if let (Type::String, Json::String(text)) = (ty, &json) {
                output.content.push(wit::Content::Text(text.clone()));
            }
            let structured = match ty {
                Type::Record(_) => json,
                _ => json!({RESULT: json}),
            };
            output.structured = Some(structured.to_string());
        }
        Ok(Ok(output))
    }

    /// Its good end as a serde type.
    ///
    /// # Errors
    /// [`Error::Tool`] for its bad end, and where the value is none that the serde type has.
    pub(crate) fn read<T: DeserializeOwned>(mut self) -> Result<T, Error> {
        let path = self.function().path.clone();
        let wrong = |error: Mismatch| other_result(&path, &error);
        let value = self
            .split()
            .map_err(wrong)?
            .map_err(|error| Error::Tool(error.into()))?;
        match (value, &self.function().returns) {
            (Some(value), Returns::Value(ty)) => de::from_value(ty, value).map_err(wrong),
            _ => de::from_nothing().map_err(wrong),
        }
    }
}

/// A bad end: what its type names what went wrong is the code, and all of it the details.
fn tool_error(ty: &Type, bad: Value) -> Result<wit::ToolError, Mismatch> {
    let details: Json = de::from_value(ty, bad)?;
    let code = match ty {
        Type::Enum(_) => details.as_str(),
        Type::Variant(_) => details[TAG].as_str(),
        _ => None,
    };
    Ok(wit::ToolError {
        code: code.unwrap_or(FAILED).to_owned(),
        message: match &details {
            Json::String(text) => text.clone(),
            details => details.to_string(),
        },
        details: Some(details.to_string()),
        retryable: false,
    })
}

impl Function {
    /// Reads samples of what the function returns.
    fn check_result<T: DeserializeOwned>(&self) -> Result<(), Error> {
        let differs = |error: Mismatch| match error.of_shape {
            true => Err(other_result(&self.path, &error)),
            // A value that the type refuses says nothing about others.
            false => Ok(()),
        };
        match &self.returns {
            Returns::Nothing => de::from_nothing::<T>().map(drop).or_else(differs),
            Returns::Value(ty) => (0..ty.cases().min(MOST_ROUNDS)).try_for_each(|round| {
                let read = de::from_value::<T>(ty, ty.sample(round));
                read.map(drop).or_else(differs)
            }),
            Returns::Flow(_) => Err(Error::Unsupported {
                what: format!("{} gives its result in pieces", self.path),
                remedy: "call it as a tool, with Plugin::call_streaming",
            }),
        }
    }
}

fn other_result(path: &str, error: &Mismatch) -> Error {
    Error::Unsupported {
        what: format!("the result of {path} is not of the type that is asked for: {error}"),
        remedy: "ask for a type that fits; `portcullis inspect` shows the component's",
    }
}
