//! `portcullis secret`: what the operator keeps, and which plugins' requests it is added to.

use crate::args::{BindArgs, Format, SecretCommand, SecretsArgs, TrustArgs, UnbindArgs};
use crate::error::CliError;
use crate::output::{self, DIM, HEADING};
use crate::{secrets, trust};
use portcullis_host_core::secret::{
    Binding, ExposeSecret, MAX_VALUE_BYTES, SecretError, SecretName, SecretString,
};
use portcullis_host_core::{Digest, Identity, PluginId};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

/// Shortest value that is looked for in what a plugin sends.
const SHORT: usize = 16;

/// Why a secret could not be kept, bound or shown. No error carries a value.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretCommandError {
    #[error("{}", secrets::described(.0))]
    Store(#[from] SecretError),
    #[error("no value: {0}")]
    Value(io::Error),
    #[error("no value: nothing came on stdin")]
    Empty,
    #[error(
        "{0:?} is neither an identity nor a file, and no plugin of that id was approved: before that, any file can claim it. Name \
         the file, or the identity that `portcullis inspect` shows as its digest (sha256:…)"
    )]
    NoIdentity(String),
    #[error("can't read {file}: {source}")]
    File { file: String, source: io::Error },
    #[error(
        "neither XDG_CONFIG_HOME nor a home folder is known; say where secrets are kept with --secrets-dir"
    )]
    NoFolder,
    #[error("no such binding; `portcullis secret list` shows those there are")]
    NoBinding,
    #[error("there is no secret {0}, and nothing is bound to that name")]
    NoSecret(SecretName),
}

/// Runs one of the commands.
pub(crate) fn run(command: &SecretCommand, format: Format) -> Result<(), CliError> {
    match command {
        SecretCommand::Set { name, secrets } => set(secrets, name, format),
        SecretCommand::Bind(args) => bind(args, format),
        SecretCommand::Unbind(args) => unbind(args, format),
        SecretCommand::List { secrets } => list(secrets, format),
        SecretCommand::Remove { name, secrets } => remove(secrets, name, format),
    }
}

fn set(place: &SecretsArgs, name: &SecretName, format: Format) -> Result<(), CliError> {
    let value = value(name)?;
    let bytes = value.expose_secret().len();
    secrets::with_store(place, async |store| store.set(name, value).await)?;
    if bytes < SHORT {
        output::note(&format!(
            "a value of less than {SHORT} bytes is not looked for in what plugins send, and one of less than 8 not in what they receive"
        ));
    }
    let text =
        format!("{name} is kept; `portcullis secret bind {name}` says which requests carry it");
    output::said(format, &json!({ "set": name }), &text)
}

/// The value, asked for where somebody is there to answer, else from stdin. One line end after it is not part of it.
fn value(name: &SecretName) -> Result<SecretString, SecretCommandError> {
    if io::stdin().is_terminal() {
        let asked = rpassword::prompt_password(format!("value of {name} (not shown): "));
        return asked
            .map(SecretString::from)
            .map_err(SecretCommandError::Value);
    }
    let mut value = String::new();
    // One byte more than any value has, and its line end.
    let most = MAX_VALUE_BYTES as u64 + 3;
    let read = io::stdin().take(most).read_to_string(&mut value);
    read.map_err(SecretCommandError::Value)?;
    if value.ends_with('\n') {
        value.pop();
        value.truncate(value.strip_suffix('\r').unwrap_or(&value).len());
    }
    if value.is_empty() {
        return Err(SecretCommandError::Empty);
    }
    Ok(value.into())
}

fn bind(args: &BindArgs, format: Format) -> Result<(), CliError> {
    let binding = Binding {
        secret: args.name.clone(),
        identity: identity(&args.plugin, &args.trust)?,
        to: args.to.clone(),
        placement: args.placement.clone(),
    };
    let file = secrets::bindings(&args.secrets)?;
    file.update(|bindings| {
        if !bindings.contains(&binding) {
            bindings.push(binding.clone());
        }
    })
    .map_err(SecretCommandError::Store)?;
    let name = &args.name;
    let text = format!(
        "bound: {binding}\nthe plugin may use it where it is allowed to: portcullis call … --allow secret:{name}"
    );
    output::said(format, &json!({ "bound": binding }), &text)
}

/// An identity as it is written, or that of a file or an installed plugin.
fn identity(plugin: &str, place: &TrustArgs) -> Result<Identity, CliError> {
    if let Ok(identity) = plugin.parse() {
        return Ok(identity);
    }
    if !Path::new(plugin).is_file() {
        let approved = match plugin.parse() {
            Ok(id) => approved(&id, place)?,
            Err(_) => None,
        };
        return approved.ok_or_else(|| SecretCommandError::NoIdentity(plugin.to_owned()).into());
    }
    let bytes = std::fs::read(plugin).map_err(|source| SecretCommandError::File {
        file: plugin.to_owned(),
        source,
    })?;
    Ok(Identity::from(Digest::of(&bytes)))
}

/// Who an installed plugin is, by what was approved: its file could claim any id.
fn approved(id: &PluginId, place: &TrustArgs) -> Result<Option<Identity>, CliError> {
    let lock = trust::folder(place)?.lock()?.unwrap_or_default();
    let identity = lock.get(id).map(|locked| match &locked.key {
        Some(key) => Identity::signed(id, key),
        None => Identity::from(locked.digest),
    });
    Ok(identity)
}

fn unbind(args: &UnbindArgs, format: Format) -> Result<(), CliError> {
    let plugin = args.plugin.as_deref();
    let identity = plugin.map(|plugin| identity(plugin, &args.trust));
    let identity = identity.transpose()?;
    let gone = take(&args.secrets, |binding| {
        binding.secret == args.name
            && identity.is_none_or(|identity| identity == binding.identity)
            && args.to.as_ref().is_none_or(|to| *to == binding.to)
    })?;
    if gone.is_empty() {
        return Err(SecretCommandError::NoBinding.into());
    }
    let lines: String = gone
        .iter()
        .map(|binding| format!("unbound: {binding}\n"))
        .collect();
    output::said(format, &json!({ "unbound": gone }), &lines)
}

fn remove(place: &SecretsArgs, name: &SecretName, format: Format) -> Result<(), CliError> {
    let removed = secrets::with_store(place, async |store| store.remove(name).await)?;
    let gone = take(place, |binding| binding.secret == *name)?;
    if !removed && gone.is_empty() {
        return Err(SecretCommandError::NoSecret(name.clone()).into());
    }
    let text = format!("{name} is gone, and {} of its bindings", gone.len());
    output::said(format, &json!({ "removed": name, "unbound": gone }), &text)
}

/// Takes bindings out of the file.
fn take(place: &SecretsArgs, which: impl Fn(&Binding) -> bool) -> Result<Vec<Binding>, CliError> {
    let file = secrets::bindings(place)?;
    let read = file.read().map_err(SecretCommandError::Store)?;
    if !read.iter().any(&which) {
        return Ok(Vec::new());
    }
    let taken = file.update(|bindings| bindings.extract_if(.., |binding| which(binding)).collect());
    Ok(taken.map_err(SecretCommandError::Store)?)
}

fn list(place: &SecretsArgs, format: Format) -> Result<(), CliError> {
    let kept = secrets::with_store(place, async |store| store.list().await)?;
    let bindings = secrets::bindings(place)?.read();
    let bindings = bindings.map_err(SecretCommandError::Store)?;
    let names: BTreeSet<_> = kept
        .iter()
        .chain(bindings.iter().map(|binding| &binding.secret))
        .collect();
    match format {
        Format::Json => {
            let secret = |name: &&SecretName| {
                let bindings: Vec<_> = own(&bindings, name).collect();
                json!({ "name": name, "kept": kept.contains(name), "bindings": bindings })
            };
            output::json(&json!({ "secrets": names.iter().map(secret).collect::<Vec<Value>>() }))
        }
        Format::Text => {
            let mut text = String::new();
            for name in names {
                let missing = if kept.contains(name) {
                    ""
                } else {
                    " (bound, but not kept)"
                };
                text += &format!("{HEADING}{name}{HEADING:#}{missing}\n");
                for Binding {
                    identity,
                    to,
                    placement,
                    ..
                } in own(&bindings, name)
                {
                    text += &format!("  to {to} as {placement} {DIM}for {identity}{DIM:#}\n");
                }
            }
            output::text(&text)
        }
    }
}

/// The bindings of one secret.
fn own<'a>(bindings: &'a [Binding], name: &'a SecretName) -> impl Iterator<Item = &'a Binding> {
    bindings
        .iter()
        .filter(move |binding| binding.secret == *name)
}
