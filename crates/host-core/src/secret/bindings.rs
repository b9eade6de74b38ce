//! The operator's bindings, in a file.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Binding, SecretError, folder};

/// `bindings.toml` in a folder of secrets: a `[[binding]]` for each. It holds no values; still it is the operator's alone, since
/// who can write it can send secrets elsewhere.
#[derive(Clone, Debug)]
pub struct BindingsFile {
    folder: PathBuf,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    #[serde(default)]
    binding: Vec<Binding>,
}

impl BindingsFile {
    /// The file in `folder`, which need not be there yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// All bindings; none where there is no file.
    ///
    /// # Errors
    /// Where the file can't be read, is open to others, or says what is no binding.
    pub fn read(&self) -> Result<Vec<Binding>, SecretError> {
        let path = self.path();
        let Some(bytes) = folder::read(&path)? else {
            return Ok(Vec::new());
        };
        let text = String::from_utf8_lossy(&bytes);
        let contents: Contents = toml::from_str(&text).map_err(|error| SecretError::Bindings {
            path,
            problem: error.to_string(),
        })?;
        Ok(contents.binding)
    }

    /// Changes the bindings, with other writers kept out, and gives what `change` gave.
    ///
    /// # Errors
    /// As [`BindingsFile::read`]; where the file can't be written; and [`SecretError::Conflict`] where two would not go
    /// together, with nothing changed.
    pub fn update<T>(&self, change: impl FnOnce(&mut Vec<Binding>) -> T) -> Result<T, SecretError> {
        let _lock = folder::lock(&self.folder)?;
        let mut binding = self.read()?;
        let changed = change(&mut binding);
        check(&binding)?;
        let text = toml::to_string(&Contents { binding }).map_err(SecretError::store)?;
        folder::replace(&self.path(), text.as_bytes())?;
        Ok(changed)
    }

    fn path(&self) -> PathBuf {
        self.folder.join("bindings.toml")
    }
}

fn check(bindings: &[Binding]) -> Result<(), SecretError> {
    for (at, first) in bindings.iter().enumerate() {
        let rest = &bindings[at + 1..];
        if let Some(second) = rest.iter().find(|second| first.conflicts(second)) {
            return Err(SecretError::Conflict {
                first: Box::new(first.clone()),
                second: Box::new(second.clone()),
            });
        }
    }
    Ok(())
}
