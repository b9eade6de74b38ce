//! The one place where an agent's tools are, native ones and plugins'.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use portcullis_host_core::{Identity, Plugin, PluginId, Schema};
use serde_json::Value;

use super::plugin::PluginTool;
use super::{NameError, QualifiedName, Refused, RefusedReason, Tool, ToolEntry, ToolSnapshot};

/// The tools of an agent. What can be called is in a [`ToolSnapshot`]; each change makes a new one.
///
/// A plugin's tool can't take a native tool's name, nor another plugin's: see [`ModelName`](super::ModelName). Of two plugins of
/// one id, the one that had it in the snapshot before keeps it.
#[derive(Default)]
pub struct ToolRegistry {
    sources: Mutex<Sources>,
    published: ArcSwap<ToolSnapshot>,
}

#[derive(Default)]
struct Sources {
    native: Vec<Arc<ToolEntry>>,
    plugins: Vec<Arc<ToolEntry>>,
    refused: Vec<Refused>,
}

/// Why a native tool was not taken in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NativeError {
    /// It can't be called that.
    #[error(transparent)]
    Name(#[from] NameError),
    /// There is one of that name already.
    #[error("there is a native tool {name} already; give each a name of its own")]
    Taken {
        /// The name.
        name: QualifiedName,
    },
    /// Its input schema can't be used.
    #[error(
        "the input schema of {name} can't be used: {problem}; give a self-contained JSON Schema 2020-12 of an object"
    )]
    Schema {
        /// The tool.
        name: QualifiedName,
        /// What is wrong with it.
        problem: String,
    },
}

impl ToolRegistry {
    /// A registry without tools.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one of the agent's own tools, which can be called from the next snapshot on.
    ///
    /// # Errors
    /// Where its name or its schema is not right, or the name is taken. Nothing has changed then.
    pub fn add(&self, tool: Arc<dyn Tool>) -> Result<QualifiedName, NativeError> {
        let definition = tool.definition();
        let name = QualifiedName::native(&definition.name)?;
        let schema = native_schema(&name, &definition.input_schema)?;
        let entry = ToolEntry::of_native(tool, name.clone(), schema)?;
        let mut sources = self.sources();
        if sources.native.iter().any(|other| *other.name() == name) {
            return Err(NativeError::Taken { name });
        }
        sources.native.push(Arc::new(entry));
        self.replace(&sources);
        Ok(name)
    }

    /// Makes these plugins' tools the ones that can be called, beside the native ones. What could not be taken in is in
    /// [`ToolSnapshot::refused`].
    pub fn publish<'a>(&self, plugins: impl IntoIterator<Item = &'a Plugin>) -> Arc<ToolSnapshot> {
        let mut sources = self.sources();
        let holders = holders(&sources.plugins);
        (sources.plugins, sources.refused) = take_in(plugins, &holders);
        self.replace(&sources)
    }

    /// What can be called now.
    pub fn snapshot(&self) -> Arc<ToolSnapshot> {
        self.published.load_full()
    }

    fn replace(&self, sources: &Sources) -> Arc<ToolSnapshot> {
        let entries = sources.native.iter().chain(&sources.plugins).cloned();
        let snapshot = ToolSnapshot::new(entries.collect(), sources.refused.clone());
        let snapshot = Arc::new(snapshot);
        self.published.store(Arc::clone(&snapshot));
        snapshot
    }

    fn sources(&self) -> MutexGuard<'_, Sources> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ToolRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolRegistry")
            .field("published", &self.published.load().entries())
            .finish_non_exhaustive()
    }
}

fn native_schema(name: &QualifiedName, schema: &Value) -> Result<Schema, NativeError> {
    let wrong = |problem| NativeError::Schema {
        name: name.clone(),
        problem,
    };
    if schema.get("type").and_then(Value::as_str) != Some("object") {
        return Err(wrong(
            "its root does not say \"type\": \"object\"".to_owned(),
        ));
    }
    Schema::compile(schema).map_err(wrong)
}

/// Who has which id.
fn holders(entries: &[Arc<ToolEntry>]) -> HashMap<PluginId, Identity> {
    let plugins = entries.iter().filter_map(|entry| entry.plugin());
    plugins
        .map(|plugin| (plugin.id().clone(), plugin.identity()))
        .collect()
}

/// The tools of all plugins by id. Of several plugins of one id the one that holds it comes first, and else an order that does not
/// depend on who was found first; the others are refused.
fn take_in<'a>(
    plugins: impl IntoIterator<Item = &'a Plugin>,
    holders: &HashMap<PluginId, Identity>,
) -> (Vec<Arc<ToolEntry>>, Vec<Refused>) {
    let mut plugins: Vec<_> = plugins.into_iter().collect();
    plugins.sort_by_cached_key(|plugin| {
        let newcomer = holders.get(plugin.id()) != Some(&plugin.identity());
        (
            plugin.id().clone(),
            newcomer,
            plugin.identity(),
            *plugin.digest(),
        )
    });
    let (mut taken, mut refused) = (Vec::new(), Vec::new());
    let mut last: Option<&Plugin> = None;
    for plugin in plugins {
        let holder = last.filter(|last| last.id() == plugin.id());
        let surface = plugin.surface().digest();
        for tool in PluginTool::all(plugin) {
            let name = tool.definition().name.clone();
            let entry = match holder {
                None => ToolEntry::of_plugin(tool, surface).map_err(RefusedReason::from),
                Some(holder) => Err(RefusedReason::Taken {
                    holder: format!("{} ({})", holder.id(), holder.identity()),
                }),
            };
            match entry {
                Ok(entry) => taken.push(Arc::new(entry)),
                Err(reason) => refused.push(Refused {
                    plugin: plugin.id().clone(),
                    tool: name,
                    reason,
                }),
            }
        }
        last = holder.or(Some(plugin));
    }
    (taken, refused)
}
