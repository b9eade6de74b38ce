//! `portcullis trust`: whose signatures count. The operator's file stays the operator's: comments and order are kept.

mod edit;

use crate::args::{Format, TrustAddArgs, TrustArgs, TrustCommand};
use crate::error::CliError;
use crate::output::{self, BAD, DIM, HEADING};
use crate::{escape, trust};
use edit::KeysDocument;
use portcullis_host_core::TrustError;
use portcullis_host_policy::trust::{IdPattern, KeyId, PublicKey, TrustedKey, TrustedKeys};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::SystemTime;

/// Why the trusted keys can't be changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TrustCommandError {
    #[error(transparent)]
    Folder(#[from] TrustError),
    #[error("key {0} is listed already; `portcullis trust remove` takes it out, or edit {file}", file = .1.display())]
    Listed(KeyId, PathBuf),
    #[error("no trusted key's id starts with {0:?}; `portcullis trust list` shows them")]
    Unknown(String),
    #[error("the ids of {1} trusted keys start with {0:?}; write more of it")]
    Ambiguous(String, usize),
    #[error("can't change {}: {reason}", path.display())]
    Edit { path: PathBuf, reason: String },
}

/// Runs one of the commands.
pub(crate) fn run(command: &TrustCommand, format: Format) -> Result<(), CliError> {
    match command {
        TrustCommand::Add(args) => add(args, format),
        TrustCommand::List { trust } => list(trust, format),
        TrustCommand::Remove { key, trust } => {
            let id = change(trust, key, KeysDocument::remove)?;
            let text = format!("removed: key {id}; what it alone signed is not loaded any more");
            output::said(format, &json!({ "removed": id }), &text)
        }
        TrustCommand::Revoke { key, trust } => {
            let id = change(trust, key, KeysDocument::revoke)?;
            let text = format!(
                "revoked: key {id}; it counts for nothing, and what runs by it is unloaded"
            );
            output::said(format, &json!({ "revoked": id }), &text)
        }
        TrustCommand::Policy {
            plugins,
            threshold,
            trust,
        } => {
            edit(trust, |document, _| {
                document.threshold(plugins, threshold.get());
                Ok(())
            })?;
            let text = format!(
                "{} must be signed by {threshold} trusted key(s)",
                patterns(plugins)
            );
            output::said(
                format,
                &json!({ "plugins": plugins, "threshold": threshold }),
                &text,
            )
        }
    }
}

fn add(args: &TrustAddArgs, format: Format) -> Result<(), CliError> {
    let folder = trust::folder(&args.trust)?;
    if !folder.keys_path().exists() {
        // From here on a missing lock is a lost one.
        folder.update_lock(|lock| {
            lock.get_or_insert_default();
        })?;
    }
    let id = args.key.id();
    edit(&args.trust, |document, trusted| match trusted.get(&id) {
        Some(_) => Err(TrustCommandError::Listed(id, folder.keys_path())),
        None => {
            document.add(args);
            Ok(())
        }
    })?;
    let text = format!(
        "trusted: key {id} ({}) for {}",
        escape::line(&args.owner),
        patterns(&args.plugins)
    );
    let document = json!({ "trusted": id, "owner": args.owner, "plugins": args.plugins, "file": folder.keys_path() });
    output::said(format, &document, &text)
}

/// Changes the entry of one key, and gives its id.
fn change(
    place: &TrustArgs,
    key: &str,
    how: impl FnOnce(&mut KeysDocument, &PublicKey),
) -> Result<KeyId, CliError> {
    let mut id = None;
    edit(place, |document, trusted| {
        let public = find(trusted, key)?.public;
        how(document, &public);
        id = Some(public.id());
        Ok(())
    })?;
    id.ok_or_else(|| TrustCommandError::Unknown(key.to_owned()).into())
}

/// Changes the file, with other writers kept out.
fn edit(
    place: &TrustArgs,
    change: impl FnOnce(&mut KeysDocument, &TrustedKeys) -> Result<(), TrustCommandError>,
) -> Result<(), CliError> {
    let folder = trust::folder(place)?;
    let path = folder.keys_path();
    let edited = folder.edit_keys(|text| {
        let trusted = TrustedKeys::parse(text);
        let trusted = trusted.map_err(|errors| TrustError::Mistakes {
            path: path.clone(),
            errors,
        })?;
        let failed = |reason| TrustCommandError::Edit {
            path: path.clone(),
            reason,
        };
        let mut document = KeysDocument::parse(text).map_err(failed)?;
        change(&mut document, &trusted)?;
        Ok::<_, TrustCommandError>(document.to_string())
    });
    Ok(edited?)
}

/// The key whose id starts so.
fn find<'a>(trusted: &'a TrustedKeys, key: &str) -> Result<&'a TrustedKey, TrustCommandError> {
    let meant = |trusted: &&TrustedKey| trusted.public.id().to_string().starts_with(key);
    let found: Vec<_> = trusted.keys.iter().filter(meant).collect();
    match found.as_slice() {
        [only] => Ok(only),
        [] => Err(TrustCommandError::Unknown(key.to_owned())),
        several => Err(TrustCommandError::Ambiguous(key.to_owned(), several.len())),
    }
}

fn list(place: &TrustArgs, format: Format) -> Result<(), CliError> {
    let trusted = trust::folder(place)?.keys()?;
    match format {
        Format::Json => output::json(&as_json(&trusted)),
        Format::Text => output::text(&as_text(&trusted)),
    }
}

/// Why a key does not count now; none where it does.
fn status(key: &TrustedKey) -> Option<&'static str> {
    let now = SystemTime::now();
    if key.revoked {
        Some("revoked")
    } else if key.not_before.is_some_and(|from| now < from) {
        Some("not yet")
    } else if key.not_after.is_some_and(|until| now >= until) {
        Some("expired")
    } else {
        None
    }
}

fn as_json(trusted: &TrustedKeys) -> Value {
    let time = |time: Option<SystemTime>| {
        time.map(|time| humantime::format_rfc3339_seconds(time).to_string())
    };
    let key = |key: &TrustedKey| {
        json!({
            "keyId": key.public.id(), "publicKey": key.public, "owner": key.owner, "plugins": key.plugins,
            "notBefore": time(key.not_before), "notAfter": time(key.not_after), "status": status(key).unwrap_or("counts"),
        })
    };
    let policies = trusted.policies.iter();
    let policies =
        policies.map(|policy| json!({ "plugins": policy.plugins, "threshold": policy.threshold }));
    json!({
        "keys": trusted.keys.iter().map(key).collect::<Vec<_>>(),
        "policies": policies.collect::<Vec<_>>(),
    })
}

fn as_text(trusted: &TrustedKeys) -> String {
    let mut text = String::new();
    for key in &trusted.keys {
        let status = status(key)
            .map(|status| format!(" {BAD}{status}{BAD:#}"))
            .unwrap_or_default();
        let owner = escape::line(&key.owner);
        text += &format!("{HEADING}{}{HEADING:#} {owner}{status}\n", key.public.id());
        text += &format!("  for {}\n", patterns(&key.plugins));
        let times = [("from", key.not_before), ("until", key.not_after)];
        for (word, time) in times {
            if let Some(time) = time {
                text += &format!("  {word} {}\n", humantime::format_rfc3339_seconds(time));
            }
        }
        text += &format!("  {DIM}{}{DIM:#}\n", key.public);
    }
    for policy in &trusted.policies {
        text += &format!(
            "{} must be signed by {} of them\n",
            patterns(&policy.plugins),
            policy.threshold
        );
    }
    match text.is_empty() {
        true => "no key is trusted; `portcullis trust add` adds one\n".to_owned(),
        false => text,
    }
}

fn patterns(patterns: &[IdPattern]) -> String {
    let texts: Vec<_> = patterns.iter().map(ToString::to_string).collect();
    texts.join(", ")
}
