//! The manifest that a plugin is built with.

use super::{BuildError, cargo};
use portcullis_host_policy::manifest::Manifest;
use std::fs;
use std::io;
use std::path::Path;

/// The text of `plugin.toml` in the project's folder, and what it says; none where there is no such file.
pub(super) fn read(folder: &Path) -> Result<Option<(String, Manifest)>, BuildError> {
    let path = folder.join("plugin.toml");
    match fs::read_to_string(&path) {
        Ok(text) => match Manifest::parse(&text) {
            Ok(manifest) => Ok(Some((text, manifest))),
            Err(errors) => Err(BuildError::Manifest {
                path,
                source: Box::new(errors),
            }),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(BuildError::io("read", &path)(error)),
    }
}

/// The text of `plugin.toml` beside Cargo.toml, checked; without one, what Cargo.toml says.
pub(super) fn of_package(package: &cargo::Package) -> Result<String, BuildError> {
    let written = read(&package.folder)?.map(|(text, _)| text);
    Ok(written.unwrap_or_else(|| default_manifest(package)))
}

fn default_manifest(package: &cargo::Package) -> String {
    let mut plugin = toml::Table::new();
    // A package may be called `A_b`; a plugin's id is written in lower case with hyphens.
    plugin.insert(
        "id".into(),
        package.name.to_lowercase().replace('_', "-").into(),
    );
    plugin.insert("version".into(), package.version.clone().into());
    if let Some(description) = &package.description {
        plugin.insert("description".into(), description.clone().into());
    }
    toml::Table::from_iter([("plugin".to_string(), plugin.into())]).to_string()
}
