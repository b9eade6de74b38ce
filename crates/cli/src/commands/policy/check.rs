//! `portcullis policy check`: a plugin's wishes and an operator's grant, side by side.

use super::{grants, named};
use crate::args::{Format, PolicyCheckArgs};
use crate::commands::describe::row;
use crate::decided::allow;
use crate::error::CliError;
use crate::exit::Exit;
use crate::{host, output};
use portcullis_host_core::{Capability, CapabilitySet, Grants, Inspection};
use portcullis_host_policy::decision::Lost;
use serde_json::{Value, json};

/// Says what the plugin asks for and what comes of it. The plugin is not run.
pub(crate) fn run(args: &PolicyCheckArgs, format: Format, verbose: bool) -> Result<Exit, CliError> {
    let session = host::start(&args.host, format, verbose)?;
    let (seen, grant) = session.run(named(session, &args.host, &args.file, &args.grant))?;
    let grants = grants(&seen, &grant, &session.settings);
    match format {
        Format::Json => output::json(&as_json(&seen, &grants))?,
        Format::Text => output::text(&as_text(&seen, &grants))?,
    }
    let whole = grants.lost().is_empty() && grants.unfilled().is_empty();
    Ok(if whole { Exit::Done } else { Exit::Denied })
}

/// What it asks for; none where it has no manifest, and the grant alone counts.
fn asked(grants: &Grants) -> Option<&[Capability]> {
    match grants.requested() {
        CapabilitySet::All => None,
        CapabilitySet::Only(rules) => Some(rules),
    }
}

/// What cannot be enforced: of what it has, or of what it would have.
fn beware(grants: &Grants) -> impl Iterator<Item = (&Capability, &'static str)> {
    let capabilities = match grants.effective() {
        [] => asked(grants).unwrap_or_default(),
        effective => effective,
    };
    let limits = |capability| Capability::cannot_enforce(capability).map(|why| (capability, why));
    capabilities.iter().filter_map(limits)
}

fn as_json(seen: &Inspection, grants: &Grants) -> Value {
    let said = |capability: &Capability| json!({ "capability": capability, "words": capability.words().to_string() });
    let all = |capabilities: &[Capability]| capabilities.iter().map(said).collect::<Vec<_>>();
    let lost = |lost: &Lost| json!({ "capability": lost.capability, "left": lost.left, "remedy": allow(&lost.capability) });
    json!({
        "id": seen.id,
        "digest": seen.digest,
        "asksFor": asked(grants).map(all),
        "granted": all(grants.effective()),
        "denied": all(grants.denied()),
        "lost": grants.lost().iter().map(lost).collect::<Vec<_>>(),
        "unfilled": grants.unfilled().iter().map(ToString::to_string).collect::<Vec<_>>(),
        "offline": grants.is_offline(),
        "cannotEnforce": beware(grants).map(|(capability, why)| json!({ "capability": capability, "why": why })).collect::<Vec<_>>(),
    })
}

fn as_text(seen: &Inspection, grants: &Grants) -> String {
    let mut text = row("plugin", [seen.id.as_str()]);
    text += &row("digest", [seen.digest.to_string()]);
    text += &match asked(grants) {
        Some(rules) => row("asks for", in_words(rules)),
        None => row(
            "asks for",
            ["anything: it has no manifest, and the grant alone counts"],
        ),
    };
    text += &row("granted", in_words(grants.effective()));
    let optional = |label, rows: Vec<String>| match rows.is_empty() {
        true => String::new(),
        false => row(label, rows),
    };
    text += &optional("denied", in_words(grants.denied()));
    text += &optional("lost", grants.lost().iter().flat_map(lost_rows).collect());
    let unfilled = grants.unfilled().iter().map(ToString::to_string);
    text += &optional("unfilled", unfilled.collect());
    if grants.is_offline() {
        text += &row("network", ["closed, whatever is granted"]);
    }
    let beware = beware(grants).map(|(capability, why)| format!("{capability}: {why}"));
    text + &optional("beware", beware.collect())
}

/// Each capability with its words under it.
fn in_words(capabilities: &[Capability]) -> Vec<String> {
    let rows = |capability: &Capability| {
        [
            capability.to_string(),
            format!("  may {}", capability.words()),
        ]
    };
    capabilities.iter().flat_map(rows).collect()
}

fn lost_rows(Lost { capability, left }: &Lost) -> Vec<String> {
    let left: Vec<String> = left.iter().map(ToString::to_string).collect();
    let left = match left.is_empty() {
        true => "nothing is left of it".to_owned(),
        false => format!("left of it: {}", left.join(", ")),
    };
    vec![
        format!("{capability}: {left}"),
        format!("  {}", allow(capability)),
    ]
}
