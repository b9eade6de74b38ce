//! The operator's configuration on disk.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use portcullis_host_policy::config::Config;
use portcullis_host_policy::document::DocumentErrors;

use crate::private::{self, user_folder};

/// Largest file that is read: what is said of thousands of plugins.
const MAX_FILE_BYTES: u64 = 4 << 20;

const NAME: &str = "portcullis.toml";

/// Why the configuration can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file can't be read or written, or others can write to it.
    #[error("can't use {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file holds mistakes.
    #[error("{} can't be used:\n{errors}", path.display())]
    Mistakes {
        /// The file.
        path: PathBuf,
        /// All of them.
        errors: DocumentErrors,
    },
}

/// `portcullis.toml`, which says what plugins may do: only its owner can write to it, who is this user or the system's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFile {
    path: PathBuf,
}

impl ConfigFile {
    /// The file, which need not be there yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The user's own: `portcullis/portcullis.toml` in `XDG_CONFIG_HOME`, or `~/.config`. None where nothing says where home is.
    pub fn of_user() -> Option<Self> {
        user_folder("XDG_CONFIG_HOME", ".config", NAME).map(Self::new)
    }

    /// The first that is there: the user's own, else `portcullis/portcullis.toml` in one of `XDG_CONFIG_DIRS` (`/etc/xdg`). Files are not
    /// merged: what counts stands in one place.
    pub fn find() -> Option<Self> {
        let system = std::env::var_os("XDG_CONFIG_DIRS").filter(|dirs| !dirs.is_empty());
        let system = system.unwrap_or_else(|| "/etc/xdg".into());
        let system: Vec<_> = std::env::split_paths(&system).collect();
        let system = system.iter().filter(|folder| folder.is_absolute());
        let system = system.map(|folder| Self::new(folder.join("portcullis").join(NAME)));
        let mut candidates = Self::of_user().into_iter().chain(system);
        // One that can't be looked at is there as far as anybody can tell, and reading it says what is wrong.
        candidates.find(|file| file.path.try_exists().unwrap_or(true))
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it says.
    ///
    /// # Errors
    /// Where it is not there or can't be read, is another user's or can be written by others, or holds mistakes.
    pub fn read(&self) -> Result<Config, ConfigError> {
        self.parse(&self.text()?)
    }

    /// Changes its text, made where it is missing; a link to it stays a link.
    ///
    /// # Errors
    /// As [`ConfigFile::read`], where it can't be written, and what `change` gives; nothing is changed then.
    pub fn edit<E: From<ConfigError>>(
        &self,
        change: impl FnOnce(&str) -> Result<String, E>,
    ) -> Result<(), E> {
        let path = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        let folder = path.parent().unwrap_or(Path::new("."));
        let _lock = private::lock_folder(folder).map_err(|source| self.failed(source))?;
        let before = match self.text() {
            Err(ConfigError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => None,
            text => Some(text?),
        };
        let text = change(before.as_deref().unwrap_or_default())?;
        self.parse(&text)?;
        self.replace(&path, &text)
            .map_err(|source| self.failed(source))?;
        Ok(())
    }

    fn replace(&self, path: &Path, text: &str) -> io::Result<()> {
        let permissions = fs::metadata(path).map(|metadata| metadata.permissions());
        private::replace(path, text.as_bytes())?;
        // Who could read it can read it still.
        match permissions {
            Ok(permissions) => fs::set_permissions(path, permissions),
            Err(_) => Ok(()),
        }
    }

    fn text(&self) -> Result<String, ConfigError> {
        let read = || {
            // What is no file might never end, or never begin.
            if !fs::metadata(&self.path)?.is_file() {
                let why = "not a regular file";
                return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
            }
            let file = File::open(&self.path)?;
            private::check_unwritable(&file)?;
            let bytes = private::read_whole(file, MAX_FILE_BYTES)?;
            let no_text = |_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8");
            String::from_utf8(bytes).map_err(no_text)
        };
        read().map_err(|source| self.failed(source))
    }

    fn parse(&self, text: &str) -> Result<Config, ConfigError> {
        let mistakes = |errors| ConfigError::Mistakes {
            path: self.path.clone(),
            errors,
        };
        Config::parse(text).map_err(mistakes)
    }

    fn failed(&self, source: io::Error) -> ConfigError {
        ConfigError::Io {
            path: self.path.clone(),
            source,
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn file(text: &str) -> (tempfile::TempDir, ConfigFile) {
        let folder = tempfile::tempdir().unwrap();
        let file = ConfigFile::new(folder.path().join(NAME));
        fs::write(file.path(), text).unwrap();
        (folder, file)
    }

    fn append(file: &ConfigFile, line: &str) -> Result<(), ConfigError> {
        file.edit(|text| Ok(format!("{text}{line}\n")))
    }

    #[test]
    fn an_edit_keeps_what_was_there_and_who_may_read_it() {
        let (_folder, file) = file("# mine\n");
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o644)).unwrap();
        append(&file, "[plugin.hello]").unwrap();
        let text = fs::read_to_string(file.path()).unwrap();
        assert_eq!(text, "# mine\n[plugin.hello]\n");
        let mode = fs::metadata(file.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
    }

    #[test]
    fn an_edit_makes_the_file_where_there_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = ConfigFile::new(folder.path().join("new").join(NAME));
        append(&file, "[plugin.hello]").unwrap();
        assert_eq!(file.read().unwrap().plugin.len(), 1);
    }

    #[test]
    fn an_edit_with_a_mistake_changes_nothing() {
        let (_folder, file) = file("# mine\n");
        let refused = append(&file, "[plugn.hello]").unwrap_err();
        assert!(matches!(refused, ConfigError::Mistakes { .. }));
        assert_eq!(fs::read_to_string(file.path()).unwrap(), "# mine\n");
    }

    #[test]
    fn a_link_stays_a_link() {
        let (folder, file) = file("");
        let link = ConfigFile::new(folder.path().join("link.toml"));
        std::os::unix::fs::symlink(file.path(), link.path()).unwrap();
        append(&link, "[plugin.hello]").unwrap();
        assert!(fs::symlink_metadata(link.path()).unwrap().is_symlink());
        assert_eq!(file.read().unwrap().plugin.len(), 1);
    }

    #[test]
    fn what_is_no_file_or_too_large_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let cwd = rustix::fs::CWD;
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(cwd, &pipe, kind, rustix::fs::Mode::RUSR, 0).unwrap();
        let large = folder.path().join("large");
        let length = MAX_FILE_BYTES + 1;
        File::create(&large).unwrap().set_len(length).unwrap();
        for path in [folder.path(), &pipe, &large] {
            let refused = ConfigFile::new(path).read().unwrap_err();
            assert!(matches!(refused, ConfigError::Io { .. }), "{refused}");
        }
    }
}
