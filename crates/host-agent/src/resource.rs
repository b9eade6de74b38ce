//! Resources: what plugins have to be read, all of them by their addresses.
//!
//! An address is one plugin's. Who was there first keeps it: a newcomer can neither take another's address over, nor put one of its
//! own where another's template reaches.

use std::collections::{HashMap, HashSet};
use std::fmt;

use portcullis_contract::uri::{UriTemplate, address};
use portcullis_host_core::{
    Error, Identity, Plugin, PluginId, ResourceContents, ResourceDefinition, ResourceTemplate,
};
use portcullis_host_policy::nearest;

use crate::tool::CallScope;

/// A resource, and the plugin that has it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ResourceEntry {
    /// The plugin.
    pub plugin: Plugin,
    /// What its author says of it: escape it for people and models.
    pub definition: ResourceDefinition,
}

/// A template of addresses, and the plugin that answers for them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TemplateEntry {
    /// The plugin.
    pub plugin: Plugin,
    /// What its author says of it: escape it for people and models.
    pub definition: ResourceTemplate,
    parsed: UriTemplate,
}

/// What is at an address.
#[derive(Clone, Copy, Debug)]
pub enum Found<'a> {
    /// A resource of this very address.
    Resource(&'a ResourceEntry),
    /// One that a template stands for.
    Template(&'a TemplateEntry),
}

impl<'a> Found<'a> {
    /// The plugin that can read it.
    pub fn plugin(self) -> &'a Plugin {
        match self {
            Self::Resource(entry) => &entry.plugin,
            Self::Template(entry) => &entry.plugin,
        }
    }
}

/// A resource or a template that was not taken in. The plugin's others are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the resource {address:?} of {plugin} can't be read: {holder} has that address, and came before it; remove one of the two"
)]
pub struct RefusedResource {
    /// Whose it is.
    pub plugin: PluginId,
    /// Its address, or the template of it.
    pub address: String,
    /// The plugin that has the address.
    pub holder: PluginId,
}

/// The resources of all plugins as they were at one moment.
#[derive(Default)]
pub struct Resources {
    entries: Vec<ResourceEntry>,
    by_uri: HashMap<String, usize>,
    /// By plugin, who came first; of one plugin the narrowest first.
    templates: Vec<TemplateEntry>,
    /// Who is there, in the order in which they came.
    order: Vec<(PluginId, Identity)>,
}

impl Resources {
    /// The resources of these plugins, each of an id of its own, and those that are not taken in. Who was there `before` comes
    /// first, then the others by id.
    pub(crate) fn new<'a>(
        plugins: impl Iterator<Item = &'a Plugin>,
        before: &Self,
    ) -> (Self, Vec<RefusedResource>) {
        let has_some = |plugin: &&Plugin| {
            !(plugin.resources().is_empty() && plugin.resource_templates().is_empty())
        };
        let mut plugins: Vec<_> = plugins.filter(has_some).collect();
        plugins.sort_by_cached_key(|plugin| {
            let held =
                |one: &(PluginId, Identity)| one.0 == *plugin.id() && one.1 == plugin.identity();
            let place = before.order.iter().position(held);
            (place.unwrap_or(usize::MAX), plugin.id().clone())
        });
        let mut made = Building::default();
        for plugin in plugins {
            made.take_in(plugin);
        }
        (made.resources, made.refused)
    }

    /// All resources, by plugin, each plugin's in its own order.
    pub fn entries(&self) -> &[ResourceEntry] {
        &self.entries
    }

    /// All templates, by plugin.
    pub fn templates(&self) -> &[TemplateEntry] {
        &self.templates
    }

    /// The template that is written so.
    pub fn template(&self, uri_template: &str) -> Option<&TemplateEntry> {
        let mut templates = self.templates.iter();
        templates.find(|entry| entry.definition.uri_template == uri_template)
    }

    /// What is at an address: a resource, or else what the first template stands for that it matches.
    pub fn find(&self, uri: &str) -> Option<Found<'_>> {
        if let Some(at) = self.by_uri.get(uri) {
            return self.entries.get(*at).map(Found::Resource);
        }
        address(uri).ok()?;
        let mut templates = self.templates.iter();
        let found = templates.find(|entry| entry.parsed.matches(uri).is_some());
        found.map(Found::Template)
    }

    /// Reads what is at an address, by the plugin that has it. Dropping the future ends the call.
    ///
    /// # Errors
    /// [`Error::UnknownResource`], and those of [`Plugin::read_resource`].
    pub async fn read(&self, uri: &str, scope: &CallScope) -> Result<Vec<ResourceContents>, Error> {
        let Some(found) = self.find(uri) else {
            let known = self.by_uri.keys().map(String::as_str);
            return Err(Error::UnknownResource {
                nearest: nearest(uri, known).map(str::to_owned),
                uri: uri.to_owned(),
            });
        };
        let plugin = found.plugin();
        plugin.read_resource(uri, scope.options(plugin)).await
    }
}

impl fmt::Debug for Resources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let uris = self.entries.iter().map(|entry| &entry.definition.uri);
        f.debug_list().entries(uris).finish()
    }
}

/// Resources that are taken in, one plugin after the other.
#[derive(Default)]
struct Building {
    resources: Resources,
    /// Templates with their variables' names left out.
    shapes: HashSet<String>,
    refused: Vec<RefusedResource>,
}

impl Building {
    fn take_in(&mut self, plugin: &Plugin) {
        let others = self.resources.templates.len();
        for definition in plugin.resources() {
            self.resource(plugin, definition, others);
        }
        let mut templates: Vec<_> = plugin
            .resource_templates()
            .iter()
            .filter_map(|one| Some((UriTemplate::parse(&one.uri_template).ok()?, one)))
            .collect();
        templates.sort_by_key(|(parsed, _)| std::cmp::Reverse(parsed.literal_bytes()));
        for (parsed, definition) in templates {
            self.template(plugin, definition, parsed, others);
        }
        let who = (plugin.id().clone(), plugin.identity());
        self.resources.order.push(who);
    }

    /// Takes a resource in, unless its address is that of one of the other plugins, or one that their templates stand for.
    fn resource(&mut self, plugin: &Plugin, definition: &ResourceDefinition, others: usize) {
        let resources = &mut self.resources;
        let uri = &definition.uri;
        let same = resources
            .by_uri
            .get(uri)
            .map(|at| &resources.entries[*at].plugin);
        let reaches = || {
            let mut before = resources.templates[..others].iter();
            before.find(|entry| entry.parsed.matches(uri).is_some())
        };
        if let Some(holder) = same.or_else(|| reaches().map(|entry| &entry.plugin)) {
            let holder = holder.id().clone();
            return self.refuse(plugin, uri, holder);
        }
        resources
            .by_uri
            .insert(uri.clone(), resources.entries.len());
        resources.entries.push(ResourceEntry {
            plugin: plugin.clone(),
            definition: definition.clone(),
        });
    }

    /// Takes a template in, unless one of the other plugins has the same. Where two only overlap, who came first is asked.
    fn template(
        &mut self,
        plugin: &Plugin,
        definition: &ResourceTemplate,
        parsed: UriTemplate,
        others: usize,
    ) {
        // No literal of a template is that by chance: nobody writes an escaped NUL.
        let shape = |parsed: &UriTemplate| parsed.expand(|_| Some("\0")).unwrap_or_default();
        let own = shape(&parsed);
        if !self.shapes.insert(own.clone()) {
            let mut before = self.resources.templates[..others].iter();
            if let Some(entry) = before.find(|entry| shape(&entry.parsed) == own) {
                let holder = entry.plugin.id().clone();
                return self.refuse(plugin, &definition.uri_template, holder);
            }
        }
        self.resources.templates.push(TemplateEntry {
            plugin: plugin.clone(),
            definition: definition.clone(),
            parsed,
        });
    }

    fn refuse(&mut self, plugin: &Plugin, address: &str, holder: PluginId) {
        self.refused.push(RefusedResource {
            plugin: plugin.id().clone(),
            address: address.to_owned(),
            holder,
        });
    }
}
