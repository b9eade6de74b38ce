//! What `check` and `inspect` share: a plugin looked at from outside, and loaded if it can be.

use super::build::names;
use crate::args::{FileArgs, Format};
use crate::error::CliError;
use crate::escape;
use crate::host;
use crate::installed;
use crate::output::HEADING;
use portcullis_host_core::{Definitions, Error, HookDefinition, Inspection, Manifest};
use portcullis_host_policy::manifest::ConfigSchema;
use serde_json::Value;

/// What can be seen of a plugin without running it, and what it brings, asked for with nothing granted.
pub(super) struct Examined {
    pub(super) seen: Result<Inspection, Error>,
    pub(super) brings: Result<Definitions, Error>,
}

/// Looks at a plugin, then asks what it brings: one that answers can be loaded, given the settings it needs.
pub(super) fn examine(
    args: &FileArgs,
    format: Format,
    verbose: bool,
) -> Result<Examined, CliError> {
    let session = host::start(&args.host, format, verbose)?;
    session.run(async {
        let file = installed::file(session, &args.host, &args.file).await?;
        let seen = session.host.inspect(file.clone()).await;
        let brings = session.definitions(file).await;
        Ok(Examined { seen, brings })
    })
}

/// One labelled row of text output, or several lines under one label.
pub(super) fn row(label: &str, values: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let mut label = format!("{HEADING}{label:<10}{HEADING:#}");
    let mut rows = String::new();
    for value in values {
        rows += &format!("{label}{}\n", escape::line(value.as_ref()));
        label = " ".repeat(10);
    }
    if rows.is_empty() {
        format!("{label}nothing\n")
    } else {
        rows
    }
}

/// The rows that say what a plugin imports, exports and asks for, and which settings it takes.
pub(super) fn surface(seen: &Inspection) -> String {
    let asked = seen
        .manifest
        .iter()
        .flat_map(|manifest| &manifest.capabilities.request)
        .map(ToString::to_string);
    row("imports", &seen.imports)
        + &row("exports", &seen.exports)
        + &row("asks for", asked)
        + &seen.manifest.as_ref().map(settings).unwrap_or_default()
}

/// The row of a plugin's settings, where it takes any.
pub(super) fn settings(manifest: &Manifest) -> String {
    let Some(schema) = &manifest.config else {
        return String::new();
    };
    let names = schema
        .as_json()
        .get("properties")
        .and_then(Value::as_object);
    let names = names.into_iter().flat_map(|properties| properties.keys());
    row("settings", names.map(|name| setting(name, schema)))
}

fn setting(name: &str, schema: &ConfigSchema) -> String {
    let required = schema.as_json().get("required").and_then(Value::as_array);
    let required = required.is_some_and(|names| names.iter().any(|one| one == name));
    let secret = schema.secrets().any(|one| one == name);
    let marks = [(required, " (required)"), (secret, " (secret)")];
    let marks = marks.iter().filter(|(has, _)| *has).map(|(_, mark)| *mark);
    format!("{name}{}", marks.collect::<String>())
}

/// What a plugin brings, each kind by its names.
pub(super) struct Names {
    pub(super) tools: Vec<String>,
    pub(super) hooks: Vec<String>,
    pub(super) providers: Vec<String>,
    pub(super) roles: Vec<String>,
    pub(super) resources: Vec<String>,
    pub(super) templates: Vec<String>,
    pub(super) prompts: Vec<String>,
}

impl Names {
    pub(super) fn of(brings: &Definitions) -> Self {
        let hook = |hook: &HookDefinition| format!("{} ({} {})", hook.name, hook.mode, hook.point);
        let at = |name: &str, address: &str| format!("{name} ({address})");
        let (resources, templates) = (brings.resources.iter(), brings.resource_templates.iter());
        Self {
            tools: names(&brings.tools),
            hooks: brings.hooks.iter().map(hook).collect(),
            providers: brings
                .providers
                .iter()
                .map(|one| one.name.clone())
                .collect(),
            roles: brings.roles.iter().map(|one| one.name.clone()).collect(),
            resources: resources.map(|one| at(&one.name, &one.uri)).collect(),
            templates: templates
                .map(|one| at(&one.name, &one.uri_template))
                .collect(),
            prompts: brings.prompts.iter().map(|one| one.name.clone()).collect(),
        }
    }

    /// A row for each kind that there is, and one for tools in any case.
    pub(super) fn rows(&self) -> String {
        let mut text = row("tools", &self.tools);
        for (label, names) in [
            ("hooks", &self.hooks),
            ("providers", &self.providers),
            ("roles", &self.roles),
            ("resources", &self.resources),
            ("templates", &self.templates),
            ("prompts", &self.prompts),
        ] {
            if !names.is_empty() {
                text += &row(label, names);
            }
        }
        text
    }
}
