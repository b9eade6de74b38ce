//! `portcullis plugins remove`.

use crate::args::{DecideArgs, Format};
use crate::ask;
use crate::commands::plugins::PluginsError;
use crate::error::CliError;
use crate::installed::Installed;
use crate::output;
use portcullis_host_core::{Error, Scope};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

/// Deletes a plugin's files, then what was approved of it. Its configuration stays the operator's.
pub(super) fn run(
    installed: &Installed,
    args: &DecideArgs,
    format: Format,
) -> Result<(), CliError> {
    let id = &args.id;
    let entry = installed.entry(id)?;
    if entry.scope != Scope::User {
        return Err(PluginsError::NotYours {
            id: id.clone(),
            path: entry.path,
        }
        .into());
    }
    let files = files(&entry.path);
    let names: Vec<_> = files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    ask::sure(args.yes, &format!("Delete {}?", names.join(", ")))?;
    for file in &files {
        fs::remove_file(file).map_err(|source| Error::Io {
            path: file.clone(),
            source,
        })?;
    }
    // A folder of its own goes with it, unless something else is in there.
    let is_shared = |folder: &&Path| installed.dirs.iter().any(|dir| dir.path == **folder);
    if let Some(folder) = entry.path.parent().filter(|folder| !is_shared(folder)) {
        let _ = fs::remove_dir(folder);
    }
    installed
        .trust
        .update_lock(|lock| lock.as_mut().is_some_and(|lock| lock.remove(id)))?;
    let text = format!("removed: {id}; what portcullis.toml says of it is still there");
    output::said(format, &json!({ "removed": id, "files": files }), &text)
}

/// The component and what lies beside it for its sake.
fn files(component: &Path) -> Vec<PathBuf> {
    let beside = [
        component.with_added_extension("sig"),
        component.with_extension("toml"),
    ];
    let there = beside
        .into_iter()
        .filter(|path| path.symlink_metadata().is_ok());
    [component.to_owned()].into_iter().chain(there).collect()
}
