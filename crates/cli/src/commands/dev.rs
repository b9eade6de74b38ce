//! `portcullis dev`: a plugin project kept built, loaded and called while it changes.

mod changes;

use crate::args::{CallArgs, CrateArgs, DevArgs, Format};
use crate::commands::build::{self, Built, Component};
use crate::commands::call;
use crate::error::CliError;
use crate::escape;
use crate::host::{self, Session};
use crate::output;
use changes::Changes;
use futures::future::{Either, select};
use portcullis_host_core::{Digest, Plugin};
use portcullis_host_policy::trust::{Difference, Surface};
use serde_json::{Value, json};
use std::fmt;
use std::path::PathBuf;
use std::pin::pin;

/// Why a crate can't be watched.
#[derive(Debug, thiserror::Error)]
#[error("can't watch {path:?} for changes: {source}")]
pub(crate) struct WatchError {
    path: PathBuf,
    source: notify::Error,
}

/// Builds, loads and calls until Ctrl-C.
pub(crate) fn run(args: DevArgs, format: Format, verbose: bool) -> Result<(), CliError> {
    let (krate, call) = args.split();
    let changes = Changes::watch(build::folder(&krate)?)?;
    let session = host::start_with(&call.host, true, format, verbose)?;
    let dev = Dev {
        session,
        krate,
        call,
        format,
        verbose,
    };
    session.run(async {
        match select(pin!(dev.keep(changes)), pin!(call::interrupt())).await {
            Either::Left((failed, _)) => failed,
            Either::Right(_) => Ok(()),
        }
    })
}

struct Dev {
    session: &'static Session,
    krate: CrateArgs,
    call: CallArgs,
    format: Format,
    verbose: bool,
}

/// The last good build.
struct Good {
    digest: Digest,
    path: PathBuf,
    surface: Surface,
}

impl Dev {
    /// Goes on for ever, whatever goes wrong with the plugin; gives what is wrong with this command.
    async fn keep(&self, mut changes: Changes) -> Result<(), CliError> {
        let mut last = None;
        loop {
            // Before the build: what changes while it runs is built after it.
            changes.arm()?;
            if let Err(error) = self.round(&mut last).await {
                output::error(&error, self.format);
                self.tell_failed(last.as_ref())?;
            }
            changes.next().await;
        }
    }

    /// Builds and loads, puts the plugin where the last good one was, and calls it.
    async fn round(&self, last: &mut Option<Good>) -> Result<(), CliError> {
        let built = self.build().await?;
        let digest = Digest::of(&built.bytes);
        if last.as_ref().is_some_and(|last| last.digest == digest) {
            return self.tell_unchanged(&digest);
        }
        let bytes = built.bytes.as_slice();
        let CallArgs { grant, set, .. } = &self.call;
        let limits = call::limits(&self.call);
        let options = call::load_options(&self.session.host, bytes, grant, set, limits).await?;
        let plugin = self.session.load(bytes, options).await?;
        build::write(&built.usual_path, bytes)?;
        let surface = plugin.surface();
        let differences = last.as_ref().map(|last| last.surface.differences(&surface));
        self.tell_built(&built, &plugin, &differences.unwrap_or_default())?;
        *last = Some(Good {
            digest,
            path: built.usual_path,
            surface,
        });
        if self.call.tool.is_empty() {
            return Ok(());
        }
        // What a call comes to is its own, and no reason to keep the plugin from who loads it next.
        if let Err(error) = call::on(&plugin, &self.call, self.format, self.verbose).await {
            output::error(&error, self.format);
        }
        Ok(())
    }

    /// On another thread, so that Ctrl-C is heard meanwhile.
    async fn build(&self) -> Result<Component, CliError> {
        let (krate, format) = (self.krate.clone(), self.format);
        let build = tokio::task::spawn_blocking(move || Component::build(&krate, format));
        let built = build
            .await
            .map_err(|error| CliError::Runtime(error.into()))?;
        Ok(built?)
    }

    fn tell_built(
        &self,
        built: &Component,
        plugin: &Plugin,
        differences: &[Difference],
    ) -> Result<(), CliError> {
        let tools = build::names(plugin.tools());
        let report = Built::new(&built.usual_path, &built.bytes, tools);
        match self.format {
            Format::Json => {
                let changes: Vec<_> = differences
                    .iter()
                    .map(|one| Change(one).as_json())
                    .collect();
                output::json_line(
                    &json!({ "event": "built", "plugin": report, "changes": changes }),
                )
            }
            Format::Text => {
                let changes: String = differences
                    .iter()
                    .map(|one| format!("\n{}", Change(one)))
                    .collect();
                output::text(&format!("{report}{changes}"))
            }
        }
    }

    fn tell_unchanged(&self, digest: &Digest) -> Result<(), CliError> {
        match self.format {
            Format::Json => output::json_line(&json!({ "event": "unchanged", "digest": digest })),
            Format::Text => output::text("built, and nothing changed"),
        }
    }

    fn tell_failed(&self, last: Option<&Good>) -> Result<(), CliError> {
        let digest = last.map(|last| &last.digest);
        match (self.format, last) {
            (Format::Json, _) => output::json_line(&json!({ "event": "failed", "kept": digest })),
            (Format::Text, Some(Good { path, digest, .. })) => {
                output::text(&format!("kept {}  {digest}", build::shown(path)))
            }
            (Format::Text, None) => output::text("waiting for a change"),
        }
    }
}

/// What changed of a plugin, in one line.
struct Change<'a>(&'a Difference);

impl Change<'_> {
    fn what(&self) -> &'static str {
        match (&self.0.before, &self.0.after) {
            (None, _) => "new",
            (_, None) => "gone",
            _ => "changed",
        }
    }

    /// Which parts of it.
    fn parts(&self) -> Vec<&str> {
        let (Some(Value::Object(before)), Some(Value::Object(after))) =
            (&self.0.before, &self.0.after)
        else {
            return Vec::new();
        };
        let mut parts: Vec<_> = before
            .keys()
            .chain(after.keys())
            .map(String::as_str)
            .collect();
        parts.sort_unstable();
        parts.dedup();
        parts.retain(|part| before.get(*part) != after.get(*part));
        parts
    }

    fn as_json(&self) -> Value {
        let Difference { kind, name, .. } = self.0;
        json!({ "kind": kind, "name": name, "change": self.what(), "parts": self.parts() })
    }
}

impl fmt::Display for Change<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { kind, name, .. } = self.0;
        write!(f, "{}: {kind}/{}", self.what(), escape::line(name))?;
        match &self.parts()[..] {
            [] => Ok(()),
            parts => write!(f, " ({})", parts.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_names_the_parts_that_differ() {
        let shown = |description: &str| json!({ "description": description, "title": "Greet" });
        let change = |before: Option<Value>, after: Option<Value>| {
            let (kind, name) = ("tools".to_owned(), "greet\u{1b}".to_owned());
            Change(&Difference {
                kind,
                name,
                before,
                after,
            })
            .to_string()
        };
        let (old, new) = (Some(shown("old")), Some(shown("new")));
        assert_eq!(
            change(old.clone(), new),
            "changed: tools/greet\\u{1b} (description)"
        );
        assert_eq!(change(None, old.clone()), "new: tools/greet\\u{1b}");
        assert_eq!(change(old, None), "gone: tools/greet\\u{1b}");
    }
}
