//! What the plugins have, as clients see it.

mod lists;
mod shown;

use std::collections::HashMap;
use std::sync::Arc;

use portcullis_host_agent::core::TemplateVariable;
use portcullis_host_agent::extension::ExtensionSnapshot;
use portcullis_host_agent::prompt::PromptEntry;
use portcullis_host_agent::resource::Found;
use portcullis_host_agent::tool::{ModelName, QualifiedName, ToolEntry};

pub(crate) use lists::{Digests, Item, Lists, Whose};

use crate::endpoint::Naming;
use crate::principal::Principal;

/// Everything at one moment: what is told of it, and whom to ask for it. It never changes.
#[derive(Debug)]
pub(crate) struct Catalog {
    pub(crate) snapshot: Arc<ExtensionSnapshot>,
    pub(crate) lists: Arc<Lists>,
    tools: HashMap<String, (Arc<ToolEntry>, Whose)>,
    prompts: HashMap<String, PromptEntry>,
}

impl Catalog {
    pub(crate) fn new(snapshot: &Arc<ExtensionSnapshot>, naming: Naming, generation: u64) -> Self {
        let mut catalog = Building {
            naming,
            lists: Lists::new(generation),
            tools: HashMap::new(),
            prompts: HashMap::new(),
        };
        for entry in snapshot.tools.entries() {
            catalog.tool(entry);
        }
        for entry in snapshot.prompts.entries() {
            catalog.prompt(entry);
        }
        let Building {
            mut lists,
            tools,
            prompts,
            ..
        } = catalog;
        let resources = snapshot.resources.entries().iter().map(|entry| {
            let whose = Whose::Plugin(entry.plugin.id().clone());
            Item::new(shown::resource(&entry.definition), whose)
        });
        lists.resources.extend(resources);
        let templates = snapshot.resources.templates().iter().map(|entry| {
            let whose = Whose::Plugin(entry.plugin.id().clone());
            Item::new(shown::template(&entry.definition), whose)
        });
        lists.templates.extend(templates);
        Self {
            snapshot: Arc::clone(snapshot),
            lists: Arc::new(lists),
            tools,
            prompts,
        }
    }

    pub(crate) fn is_of(&self, snapshot: &Arc<ExtensionSnapshot>) -> bool {
        Arc::ptr_eq(&self.snapshot, snapshot)
    }

    /// The tool that somebody calls so.
    pub(crate) fn tool(&self, name: &str, of: &Principal) -> Option<&Arc<ToolEntry>> {
        let (entry, whose) = self.tools.get(name)?;
        whose.is_for(of).then_some(entry)
    }

    /// The prompt that somebody calls so.
    pub(crate) fn prompt(&self, name: &str, of: &Principal) -> Option<&PromptEntry> {
        let entry = self.prompts.get(name)?;
        of.sees(entry.plugin().id()).then_some(entry)
    }

    /// What is at an address, if somebody sees it.
    pub(crate) fn resource(&self, uri: &str, of: &Principal) -> Option<Found<'_>> {
        let found = self.snapshot.resources.find(uri)?;
        of.sees(found.plugin().id()).then_some(found)
    }

    /// What is known of a template's variables, if somebody sees it.
    pub(crate) fn variables(&self, template: &str, of: &Principal) -> Option<&[TemplateVariable]> {
        let entry = self.snapshot.resources.template(template)?;
        let seen = of.sees(entry.plugin.id());
        seen.then_some(&entry.definition.variables[..])
    }
}

/// A catalog that is being put together. Of two things of one name the first is there.
struct Building {
    naming: Naming,
    lists: Lists,
    tools: HashMap<String, (Arc<ToolEntry>, Whose)>,
    prompts: HashMap<String, PromptEntry>,
}

impl Building {
    fn name(&self, own: &QualifiedName, for_models: &ModelName) -> String {
        match self.naming {
            Naming::Qualified => for_models.to_string(),
            Naming::Own => own.tool().to_owned(),
        }
    }

    fn tool(&mut self, entry: &Arc<ToolEntry>) {
        let name = self.name(entry.name(), entry.model_name());
        if self.tools.contains_key(&name) {
            return left_out(entry.name(), &name);
        }
        let plugin = entry.plugin().map(|plugin| plugin.id().clone());
        let whose = Whose::Tool(plugin, entry.name().clone());
        let shown = shown::tool(entry, name.clone());
        self.lists.tools.push(Item::new(shown, whose.clone()));
        self.tools.insert(name, (Arc::clone(entry), whose));
    }

    fn prompt(&mut self, entry: &PromptEntry) {
        let name = self.name(entry.name(), entry.model_name());
        if self.prompts.contains_key(&name) {
            return left_out(entry.name(), &name);
        }
        let whose = Whose::Plugin(entry.plugin().id().clone());
        let shown = shown::prompt(entry.definition(), &name);
        self.lists.prompts.push(Item::new(shown, whose));
        self.prompts.insert(name, entry.clone());
    }
}

fn left_out(whose: &QualifiedName, name: &str) {
    tracing::warn!("{whose} is left out: something else is called {name}");
}
