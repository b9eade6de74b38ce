//! `portcullis plugins list`.

use crate::args::Format;
use crate::error::CliError;
use crate::escape;
use crate::installed::Installed;
use crate::output::{self, BAD, DIM, GOOD, HEADING};
use portcullis_host_core::{Entry, Status};
use portcullis_host_policy::trust::Hold;
use serde_json::{Value, json};

pub(super) fn run(installed: &Installed, format: Format) -> Result<(), CliError> {
    let snapshot = installed.registry.snapshot();
    let entries = snapshot.entries();
    match format {
        Format::Json => output::json(&json!({
            "enabled": installed.session.settings.enabled.value,
            "plugins": entries.iter().map(entry_json).collect::<Vec<_>>(),
        })),
        Format::Text => {
            if !installed.session.settings.enabled.value {
                output::note(
                    "plugins are not enabled: no host runs them; `portcullis plugins enable` changes that",
                );
            }
            let text: String = entries.iter().map(entry_text).collect();
            match text.is_empty() {
                true => output::text("no plugins are installed\n"),
                false => output::text(&text),
            }
        }
    }
}

/// One word for how it stands, and why where it is not as it should be.
pub(super) fn standing(status: &Status) -> (&'static str, Vec<String>) {
    match status {
        Status::Active => ("active", Vec::new()),
        Status::Disabled => ("disabled", Vec::new()),
        Status::Held(holds) => ("held", holds.iter().map(Hold::to_string).collect()),
        Status::Failed(error) => ("failed", vec![error.to_string()]),
        _ => ("unknown", Vec::new()),
    }
}

pub(super) fn entry_json(entry: &Entry) -> Value {
    let (status, reasons) = standing(&entry.status);
    let update = entry.update.as_ref().map(standing);
    json!({
        "id": entry.id,
        "version": entry.version,
        "status": status,
        "reasons": reasons,
        "update": update.map(|(status, reasons)| json!({ "status": status, "reasons": reasons })),
        "scope": entry.scope,
        "digest": entry.digest,
        "signer": entry.signer,
        "path": entry.path,
        "shadowed": entry.shadowed,
    })
}

fn entry_text(entry: &Entry) -> String {
    let id = entry.id.as_ref().map_or("(no id)", |id| id.as_str());
    let version = entry
        .version
        .as_ref()
        .map(|version| format!(" {version}"))
        .unwrap_or_default();
    let (status, reasons) = standing(&entry.status);
    let style = match entry.status {
        Status::Active => GOOD,
        Status::Disabled => DIM,
        _ => BAD,
    };
    let mut text = format!("{HEADING}{id}{HEADING:#}{version} {style}{status}{style:#}\n");
    let mut add = |line: &str| text += &format!("  {}\n", escape::line(line));
    reasons.iter().for_each(|reason| add(reason));
    if let Some((status, reasons)) = entry.update.as_ref().map(standing) {
        add(&format!("an update is {status}: {}", reasons.join("; ")));
    }
    let scope = serde_json::to_value(entry.scope).unwrap_or_default();
    let signer = entry
        .signer
        .map(|key| format!(", signed by {key}"))
        .unwrap_or_default();
    add(&format!(
        "{} ({}){signer}",
        entry.path.display(),
        scope.as_str().unwrap_or_default()
    ));
    for other in &entry.shadowed {
        add(&format!("in place of {}", other.display()));
    }
    text
}
