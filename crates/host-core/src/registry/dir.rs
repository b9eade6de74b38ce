//! The folders that plugins are looked for in.

use std::env;
use std::path::PathBuf;

use serde::Serialize;

use crate::private::user_folder;

/// Whose plugins a folder holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// This user's.
    User,
    /// The machine's.
    System,
}

/// A folder of plugins: `.wasm` files, or a folder for each plugin with one `.wasm` file in it. It need not be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginDir {
    /// Where it is.
    pub path: PathBuf,
    /// Whose it is.
    pub scope: Scope,
}

impl PluginDir {
    /// A folder of this user's.
    pub fn user(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            scope: Scope::User,
        }
    }

    /// A folder of the machine's.
    pub fn system(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            scope: Scope::System,
        }
    }

    /// Where plugins are looked for where nothing else is said, the first before the others: in `portcullis/plugins` of the user's data
    /// (`XDG_DATA_HOME`, or `~/.local/share`), then of the machine's (`XDG_DATA_DIRS`, or `/usr/local/share` and
    /// `/usr/share`). `PORTCULLIS_PLUGIN_DIRS`, a list of folders as in `PATH`, is looked through instead where it is set.
    pub fn defaults() -> Vec<Self> {
        if let Some(list) = env::var_os("PORTCULLIS_PLUGIN_DIRS") {
            let named = env::split_paths(&list).filter(|path| !path.as_os_str().is_empty());
            return named.map(Self::user).collect();
        }
        let own = user_folder("XDG_DATA_HOME", ".local/share", "plugins").map(Self::user);
        let bases = env::var_os("XDG_DATA_DIRS").filter(|list| !list.is_empty());
        let bases = bases.unwrap_or_else(|| "/usr/local/share:/usr/share".into());
        let machine = env::split_paths(&bases)
            .filter(|base| base.is_absolute())
            .map(|base| Self::system(base.join("portcullis").join("plugins")));
        own.into_iter().chain(machine).collect()
    }
}
