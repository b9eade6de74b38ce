//! `portcullis plugins info`.

use super::list::{entry_json, standing};
use crate::args::Format;
use crate::commands::describe::row;
use crate::commands::inspect::{brought, indented, manifest_text};
use crate::error::CliError;
use crate::installed::{self, Installed};
use crate::output::{self, HEADING};
use portcullis_host_core::{Definitions, Entry, Grant, Plugin, PluginId};
use portcullis_host_policy::trust::Locked;
use serde_json::{Value, json};

/// All that is known of one plugin.
struct Known {
    entry: Entry,
    approved: Option<Locked>,
    grant: Grant,
}

pub(super) fn run(installed: &Installed, id: &PluginId, format: Format) -> Result<(), CliError> {
    let known = Known {
        entry: installed.entry(id)?,
        approved: installed
            .trust
            .lock()?
            .and_then(|lock| lock.get(id).cloned()),
        grant: installed::grant(installed.session, id),
    };
    match format {
        Format::Json => output::json(&as_json(&known)),
        Format::Text => output::text(&as_text(&known)?),
    }
}

fn brings(entry: &Entry) -> Option<&Definitions> {
    entry.plugin().map(Plugin::definitions)
}

fn as_json(known: &Known) -> Value {
    let mut document = entry_json(&known.entry);
    document["manifest"] = json!(known.entry.manifest.as_deref());
    document["identity"] = json!(known.entry.plugin().map(Plugin::identity));
    document["approved"] = json!(known.approved);
    document["granted"] = json!(known.grant.allowed());
    document["denied"] = json!(known.grant.denied());
    let brings = brings(&known.entry);
    document["tools"] = json!(brings.map(|brings| &brings.tools));
    document["hooks"] = json!(brings.map(|brings| &brings.hooks));
    document["providers"] = json!(brings.map(|brings| &brings.providers));
    document["roles"] = json!(brings.map(|brings| &brings.roles));
    document["resources"] = json!(brings.map(|brings| &brings.resources));
    document["resourceTemplates"] = json!(brings.map(|brings| &brings.resource_templates));
    document["prompts"] = json!(brings.map(|brings| &brings.prompts));
    document
}

fn as_text(
    Known {
        entry,
        approved,
        grant,
    }: &Known,
) -> Result<String, CliError> {
    let (status, reasons) = standing(&entry.status);
    let update = entry.update.as_ref().map(standing);
    let update = update.into_iter().flat_map(|(status, reasons)| {
        let said = format!("an update is {status}:");
        [said]
            .into_iter()
            .chain(reasons.into_iter().map(|reason| format!("  {reason}")))
    });
    let id = entry.id.iter().map(|id| id.as_str());
    let optional =
        |label, value: Option<String>| value.map(|value| row(label, [value])).unwrap_or_default();
    let mut text = row("plugin", id)
        + &row(
            "status",
            [status.to_owned()].into_iter().chain(reasons).chain(update),
        )
        + &row("file", [entry.path.to_string_lossy()])
        + &optional("version", entry.version.as_ref().map(ToString::to_string))
        + &optional("digest", entry.digest.as_ref().map(ToString::to_string))
        + &row("signed by", entry.signer.iter().map(ToString::to_string))
        + &optional(
            "identity",
            entry.plugin().map(|plugin| plugin.identity().to_string()),
        );
    let approved = approved.iter().map(|approved| {
        let version = approved
            .version
            .as_ref()
            .map(|version| format!("{version}, "))
            .unwrap_or_default();
        format!("{version}{}", approved.digest)
    });
    text += &row("approved", approved);
    let asked = entry
        .manifest
        .iter()
        .flat_map(|manifest| &manifest.capabilities.request);
    text += &row("asks for", asked.map(ToString::to_string));
    text += &row("granted", grant.allowed().iter().map(ToString::to_string));
    if let Some(manifest) = &entry.manifest {
        text += &format!(
            "\n{HEADING}manifest{HEADING:#}\n{}",
            indented(&manifest_text(manifest))
        );
    }
    if let Some(brings) = brings(entry) {
        text += &brought(brings)?;
    }
    Ok(text)
}
