//! The resources of this plugin: every `#[plugin_resource]` submits one, from whatever module.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::pin::Pin;

use portcullis_contract::uri::UriTemplate;

use super::entries::{self, Entry};
use super::texts::Texts;
use crate::context::Context;
use crate::error::ToolError;
use crate::resource::{
    ResourceBody, ResourceContents, ResourceDefinition, TemplateDefinition, TemplateVariable,
};
use crate::types::Blob;

/// A resource that is being read.
pub type Reading = Pin<Box<dyn Future<Output = Result<Vec<ResourceContents>, ToolError>>>>;

/// One annotated function.
pub struct Resource {
    /// As the contract wants it; the macro has checked it, as all that follows.
    pub name: &'static str,
    /// From the attribute.
    pub title: Option<&'static str>,
    /// The doc comment.
    pub description: &'static str,
    /// From the attribute.
    pub media_type: Option<&'static str>,
    /// From the attribute.
    pub address: Address,
    /// Decodes the variables, runs the function, encodes its result.
    pub read: fn(Texts) -> Reading,
}

/// Where it is.
pub enum Address {
    /// At one address.
    Uri(&'static str),
    /// At each address that matches.
    Template(&'static str, &'static [Variable]),
}

/// One variable of a template.
pub struct Variable {
    /// The parameter's name.
    pub name: &'static str,
    /// The parameter's doc comment.
    pub description: &'static str,
    /// What can be offered for it.
    pub values: &'static [&'static str],
}

inventory::collect!(Resource);

impl Entry for Resource {
    const KIND: &'static str = "resource";

    fn name(&self) -> &'static str {
        self.name
    }
}

/// The definitions of all resources at one address, by name.
///
/// # Panics
/// If two resources have one name, which the macro can see within a crate only, or one address.
pub fn resources() -> Vec<ResourceDefinition> {
    let mut definitions: Vec<ResourceDefinition> = Vec::new();
    for resource in entries::all::<Resource>() {
        let Address::Uri(uri) = resource.address else {
            continue;
        };
        if let Some(other) = definitions.iter().find(|other| other.uri == uri) {
            panic!(
                "two resources of this plugin, `{}` and `{}`, are at `{uri}`; give one another address",
                other.name, resource.name
            );
        }
        definitions.push(ResourceDefinition {
            uri: uri.to_owned(),
            name: resource.name.to_owned(),
            title: resource.title.map(str::to_owned),
            description: entries::given(resource.description),
            media_type: resource.media_type.map(str::to_owned),
            size: None,
        });
    }
    definitions
}

/// The definitions of all templates, by name.
///
/// # Panics
/// If two resources have one name, which the macro can see within a crate only.
pub fn templates() -> Vec<TemplateDefinition> {
    let mut definitions = Vec::new();
    for resource in entries::all::<Resource>() {
        let Address::Template(template, variables) = resource.address else {
            continue;
        };
        let variables = variables.iter().map(|variable| TemplateVariable {
            name: variable.name.to_owned(),
            description: entries::given(variable.description),
            values: entries::owned(variable.values),
        });
        definitions.push(TemplateDefinition {
            uri_template: template.to_owned(),
            name: resource.name.to_owned(),
            title: resource.title.map(str::to_owned),
            description: entries::given(resource.description),
            media_type: resource.media_type.map(str::to_owned),
            variables: variables.collect(),
        });
    }
    definitions
}

/// The variables of an address, by name.
type Variables = Vec<(String, String)>;

/// What is at `uri`: the resource of that address, else that of the narrowest template that matches.
fn find(uri: &str) -> Option<(&'static Resource, Variables)> {
    let mut resources = inventory::iter::<Resource>.into_iter();
    if let Some(resource) =
        resources.find(|resource| matches!(resource.address, Address::Uri(its) if its == uri))
    {
        return Some((resource, Vec::new()));
    }
    let matching = inventory::iter::<Resource>.into_iter().filter_map(|it| {
        let Address::Template(template, _) = it.address else {
            return None;
        };
        let template = UriTemplate::parse(template).ok()?;
        let values = template.matches(uri)?.into_iter();
        let values = values.map(|(name, value)| (name.to_owned(), value));
        Some((template.literal_bytes(), it, values.collect()))
    });
    let narrowest = matching.max_by_key(|(bytes, it, _)| (*bytes, Reverse(it.name)));
    narrowest.map(|(_, resource, values)| (resource, values))
}

/// Reads what is at `uri`.
///
/// # Errors
/// The resource's own; `not-found`, where there is none.
pub async fn read(call_id: String, uri: String) -> Result<Vec<ResourceContents>, ToolError> {
    let (resource, variables) = find(&uri)
        .ok_or_else(|| ToolError::not_found(format!("this plugin has nothing at `{uri}`")))?;
    let mut contents =
        (resource.read)(Texts::of_resource(Context::of_id(call_id), uri, variables)).await?;
    for part in &mut contents {
        if part.media_type.is_none() {
            part.media_type = resource.media_type.map(str::to_owned);
        }
    }
    Ok(contents)
}

/// What a `#[plugin_resource]` function gives.
#[diagnostic::on_unimplemented(
    message = "a #[plugin_resource] function gives what is in the resource, and this one gives `{Self}`",
    label = "is neither text nor bytes",
    note = "return a `String`, a `Vec<u8>`, a `Blob`, `ResourceContents` or a `Vec` of them; or a `Result` of one of these"
)]
pub trait GivesContents {
    /// What is at `uri`.
    fn contents(self, uri: String) -> Vec<ResourceContents>;
}

impl GivesContents for String {
    fn contents(self, uri: String) -> Vec<ResourceContents> {
        vec![ResourceContents::text(uri, self)]
    }
}

impl GivesContents for &str {
    fn contents(self, uri: String) -> Vec<ResourceContents> {
        self.to_owned().contents(uri)
    }
}

impl GivesContents for Cow<'_, str> {
    fn contents(self, uri: String) -> Vec<ResourceContents> {
        self.into_owned().contents(uri)
    }
}

impl GivesContents for Vec<u8> {
    fn contents(self, uri: String) -> Vec<ResourceContents> {
        vec![ResourceContents {
            uri,
            media_type: None,
            body: ResourceBody::Blob(self),
        }]
    }
}

impl GivesContents for Blob {
    fn contents(self, uri: String) -> Vec<ResourceContents> {
        vec![ResourceContents::blob(uri, self)]
    }
}

impl GivesContents for ResourceContents {
    fn contents(self, _: String) -> Vec<ResourceContents> {
        vec![self]
    }
}

impl GivesContents for Vec<ResourceContents> {
    fn contents(self, _: String) -> Vec<ResourceContents> {
        self
    }
}

/// Checks a function's result.
pub fn contents_of<T: GivesContents>(given: T, uri: String) -> Vec<ResourceContents> {
    given.contents(uri)
}
