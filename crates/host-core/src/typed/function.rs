//! The functions that a component exports, and what each is called as a tool.

use std::any::TypeId;
use std::collections::{BTreeMap, HashSet};
use std::sync::Mutex;

use portcullis_host_policy::nearest;
use wasmtime::Engine;
use wasmtime::component::types::{ComponentFunc, ComponentItem, Type as WitType};
use wasmtime::component::{Component, ComponentExportIndex};

use super::docs::Docs;
use super::schema;
use super::ty::{Reader, Returns, Type};
use super::wit::Signature;
use crate::bindings::v0_1::portcullis::tool::tool_types as wit;
use crate::{Error, FunctionDefinition, LeftOut};

/// The property that holds a result that is no record: structured answers are objects.
pub(crate) const RESULT: &str = "result";

/// The longest name that model APIs take.
const NAME_BYTES: usize = 64;

/// An exported function that can be called by its types.
pub(crate) struct Function {
    /// As the component names it: `ns:package/interface@1.0.0/function`, or `function`.
    pub(crate) path: String,
    pub(crate) tool: String,
    interface: Option<String>,
    name: String,
    pub(crate) index: ComponentExportIndex,
    pub(crate) params: Vec<(String, Type)>,
    pub(crate) returns: Returns,
    /// The bad end of a `result`, where it is one; it may carry nothing.
    pub(crate) error: Option<Option<Type>>,
    /// How many core values its result takes.
    pub(crate) flat: usize,
}

/// All functions of a component, those that can be called and those that can't.
#[derive(Default)]
pub(crate) struct Functions {
    pub(crate) functions: Vec<Function>,
    pub(crate) left_out: Vec<LeftOut>,
    /// Which functions' results were found to be readable as which Rust types.
    pub(crate) checked: Mutex<HashSet<(usize, TypeId)>>,
}

impl Functions {
    /// Finds the functions of a component that exports no interface of the contract.
    pub(crate) fn of(component: &Component, engine: &Engine) -> Self {
        let mut found = Self::default();
        for (name, item) in component.component_type().exports(engine) {
            // What the contract says of a plugin, such as its lifecycle, is called as the contract says.
            if name.starts_with("portcullis:") {
                continue;
            }
            match item.ty {
                ComponentItem::ComponentFunc(func) => {
                    let index = component.get_export_index(None, name);
                    found.add(None, name, &func, index);
                }
                ComponentItem::ComponentInstance(instance) => {
                    let parent = component.get_export_index(None, name);
                    for (function, item) in instance.exports(engine) {
                        if let ComponentItem::ComponentFunc(func) = item.ty {
                            let index = component.get_export_index(parent.as_ref(), function);
                            found.add(Some(name), function, &func, index);
                        }
                    }
                }
                _ => {}
            }
        }
        found.refuse_collisions();
        found
    }

    fn add(
        &mut self,
        interface: Option<&str>,
        name: &str,
        func: &ComponentFunc,
        index: Option<ComponentExportIndex>,
    ) {
        let path = match interface {
            Some(interface) => format!("{interface}/{name}"),
            None => name.to_owned(),
        };
        let index = index.ok_or_else(|| "it is not exported".to_owned());
        match index.and_then(|index| Function::read(interface, name, &path, func, index)) {
            Ok(function) => self.functions.push(function),
            Err(reason) => self.left_out.push(LeftOut {
                function: path,
                reason,
            }),
        }
    }

    /// Of functions that would be the same tool, none is: which one it should be is nobody's guess.
    fn refuse_collisions(&mut self) {
        let mut by_tool = BTreeMap::<&str, Vec<&str>>::new();
        for function in &self.functions {
            by_tool
                .entry(&function.tool)
                .or_default()
                .push(&function.path);
        }
        let collisions = by_tool.iter().filter(|(_, paths)| paths.len() > 1);
        let left_out: Vec<_> = collisions
            .flat_map(|(tool, paths)| {
                paths.iter().map(move |path| LeftOut {
                    function: (*path).to_owned(),
                    reason: format!("{} would all be the tool {tool:?}", paths.join(" and ")),
                })
            })
            .collect();
        self.functions
            .retain(|function| left_out.iter().all(|out| out.function != function.path));
        self.left_out.extend(left_out);
    }

    /// The function that is called as a tool.
    pub(crate) fn tool(&self, tool: &str) -> Option<usize> {
        let mut functions = self.functions.iter();
        functions.position(|function| function.tool == tool)
    }

    /// The function of a path: with or without the version and the package of its interface, where that is enough to tell.
    pub(crate) fn at(&self, path: &str) -> Option<usize> {
        let exact = self
            .functions
            .iter()
            .position(|function| function.path == path);
        exact.or_else(|| {
            let functions = self.functions.iter().enumerate();
            let mut fit = functions.filter(|(_, function)| function.is(path));
            let (index, _) = fit.next()?;
            fit.next().is_none().then_some(index)
        })
    }

    /// Why there is nothing to call under this name.
    pub(crate) fn unknown(&self, name: &str) -> Error {
        if let Some(out) = self.left_out.iter().find(|out| out.function == name) {
            return Error::Unsupported {
                what: format!("{name} can't be called: {}", out.reason),
                remedy: "export a function of values",
            };
        }
        let paths = self.functions.iter().map(|function| function.path.as_str());
        Error::UnknownTool {
            tool: name.to_owned(),
            nearest: nearest(name, paths).map(str::to_owned),
        }
    }

    /// Which tool is which function.
    pub(crate) fn mapping(&self) -> Vec<FunctionDefinition> {
        let functions = self.functions.iter().map(|function| FunctionDefinition {
            tool: function.tool.clone(),
            function: function.path.clone(),
            signature: Signature(function).to_string(),
        });
        functions.collect()
    }

    /// The definitions of its tools.
    pub(crate) fn definitions(&self, docs: &Docs) -> Vec<wit::ToolDefinition> {
        let functions = self.functions.iter();
        functions
            .map(|function| function.definition(docs))
            .collect()
    }
}

impl Function {
    fn read(
        interface: Option<&str>,
        name: &str,
        path: &str,
        func: &ComponentFunc,
        index: ComponentExportIndex,
    ) -> Result<Self, String> {
        let mut reader = Reader::default();
        let tool = tool_name(interface, name)?;
        let params = func.params().map(|(name, ty)| {
            let ty = reader.read(&ty)?;
            Ok::<_, String>((name.to_owned(), ty))
        });
        let params = params.collect::<Result<_, _>>()?;
        let (good, error, wrapped) = match func.results().next() {
            Some(WitType::Result(result)) => {
                let error = result.err().map(|ty| reader.read(&ty)).transpose()?;
                (result.ok(), Some(error), 1)
            }
            other => (other, None, 0),
        };
        let returns = reader.returns(good)?;
        let payload = error.iter().flatten().map(Type::flat).max().unwrap_or(0);
        Ok(Self {
            flat: wrapped + payload.max(returns.flat()),
            path: path.to_owned(),
            interface: interface.map(str::to_owned),
            name: name.to_owned(),
            tool,
            index,
            params,
            returns,
            error,
        })
    }

    fn is(&self, path: &str) -> bool {
        let Some(interface) = &self.interface else {
            return false;
        };
        let unversioned = interface.split('@').next().unwrap_or(interface);
        let Some(asked) = path
            .strip_suffix(self.name.as_str())
            .and_then(|rest| rest.strip_suffix('/'))
        else {
            return false;
        };
        asked == unversioned || asked == short(interface)
    }

    fn definition(&self, docs: &Docs) -> wit::ToolDefinition {
        let said = docs.of(self.interface.as_deref().map(short), &self.name);
        let properties = self.params.iter().map(|(name, ty)| (&**name, ty));
        let output = match &self.returns {
            Returns::Value(record @ Type::Record(_)) => Some(schema::of(record)),
            Returns::Value(other) => Some(schema::object([(RESULT, other)].into_iter())),
            Returns::Nothing | Returns::Flow(_) => None,
        };
        let streams = match self.returns {
            Returns::Flow(_) => wit::Streams::OUTPUT,
            _ => wit::Streams::empty(),
        };
        wit::ToolDefinition {
            name: self.tool.clone(),
            title: None,
            description: match said {
                Some(text) => text.trim().to_owned(),
                None => format!("Calls the component's function {}.", self.path),
            },
            input_schema: schema::object(properties).to_string(),
            output_schema: output.map(|schema| schema.to_string()),
            streams,
            annotations: Vec::new(),
        }
    }
}

impl Returns {
    fn flat(&self) -> usize {
        match self {
            Returns::Nothing => 0,
            Returns::Value(ty) => ty.flat(),
            Returns::Flow(_) => 1,
        }
    }
}

/// An interface's name without its package and version.
fn short(interface: &str) -> &str {
    let unversioned = interface.split('@').next().unwrap_or(interface);
    unversioned.rsplit('/').next().unwrap_or(unversioned)
}

/// `interface_function` in the letters that model APIs take.
fn tool_name(interface: Option<&str>, name: &str) -> Result<String, String> {
    let full = match interface {
        Some(interface) => format!("{}_{name}", short(interface)),
        None => name.to_owned(),
    };
    let tool = full.to_ascii_lowercase();
    if name.starts_with('[') {
        return Err("it is a function of a resource, which lives in the component".to_owned());
    }
    if tool.len() > NAME_BYTES {
        return Err(format!(
            "its name as a tool, {tool:?}, is longer than {NAME_BYTES} bytes"
        ));
    }
    Ok(tool)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_are_named_by_interface_and_function() {
        let named = |interface, name| tool_name(interface, name).unwrap();
        assert_eq!(named(Some("docs:calc/ops@0.1.0"), "add-all"), "ops_add-all");
        assert_eq!(named(Some("inline"), "get-URL"), "inline_get-url");
        assert_eq!(named(None, "run"), "run");
    }

    #[test]
    fn a_long_name_and_a_method_are_refused_with_the_reason() {
        let long = tool_name(Some("a:b/c"), &"x".repeat(63)).unwrap_err();
        assert!(long.contains("longer than 64 bytes"), "{long}");
        assert!(
            tool_name(Some("a:b/c"), "[method]file.read")
                .unwrap_err()
                .contains("resource")
        );
    }
}
