//! A component as its signatures speak of it, without compiling or running any of it.

use crate::error::CliError;
use portcullis_host_core::{Digest, Error, LoadLimits, Manifest};
use portcullis_host_policy::document::DocumentErrors;
use portcullis_host_policy::manifest::section;
use portcullis_host_policy::trust::{Distrust, Signatures, Statement};
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// Longest file of signatures that is read.
const MAX_SIGNATURE_BYTES: u64 = 64 << 10;

/// What is signed of the component in this file, read once; or why nothing can be.
pub(crate) fn statement(file: &Path) -> Result<Result<Statement, Distrust>, CliError> {
    let limits = LoadLimits::default();
    let bytes = read(file, limits.component_bytes)?.ok_or_else(|| missing(file))?;
    let Some(text) = section::read(&bytes).map_err(Error::from)? else {
        let beside = file.with_extension("toml").exists();
        return Ok(Err(if beside {
            Distrust::NotEmbedded
        } else {
            Distrust::NoManifest
        }));
    };
    let manifest = Manifest::parse(text).map_err(Error::Manifest)?;
    Ok(Ok(Statement {
        id: manifest.plugin.id,
        version: manifest.plugin.version,
        digest: Digest::of(&bytes),
    }))
}

/// The signatures beside a component, and the file that they are in; none where there is no file.
pub(crate) fn signatures(file: &Path) -> Result<(Signatures, PathBuf), CliError> {
    let path = file.with_added_extension("sig");
    let Some(bytes) = read(&path, MAX_SIGNATURE_BYTES)? else {
        return Ok((Signatures::default(), path));
    };
    let text = String::from_utf8_lossy(&bytes);
    let mistakes = |errors| CliError::Mistakes {
        path: path.clone(),
        errors,
    };
    Ok((Signatures::parse(&text).map_err(mistakes)?, path))
}

/// Writes such a file, whole or not at all. It is for everybody to read, as the component is.
pub(crate) fn write(path: &Path, signatures: &Signatures) -> Result<(), CliError> {
    let text = signatures.to_string();
    // What can't be read again – a signature too many – is not written.
    Signatures::parse(&text).map_err(|errors: DocumentErrors| CliError::Mistakes {
        path: path.to_owned(),
        errors,
    })?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let put = || {
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
        let mut new = builder.tempfile_in(folder.unwrap_or(Path::new(".")))?;
        new.write_all(text.as_bytes())?;
        new.as_file().sync_all()?;
        new.persist(path).map_err(|error| error.error)
    };
    put().map(drop).map_err(failed(path))
}

/// What is in a file; none where there is no file.
fn read(path: &Path, max: u64) -> Result<Option<Vec<u8>>, CliError> {
    // What is no file might never end, or never begin.
    if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
        return Err(failed(path)(io::Error::other("not a regular file")));
    }
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(failed(path))?,
    };
    let mut bytes = Vec::new();
    file.take(max + 1)
        .read_to_end(&mut bytes)
        .map_err(failed(path))?;
    match bytes.len() as u64 > max {
        true => Err(failed(path)(io::ErrorKind::FileTooLarge.into())),
        false => Ok(Some(bytes)),
    }
}

fn missing(path: &Path) -> CliError {
    failed(path)(io::ErrorKind::NotFound.into())
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> CliError {
    let path = path.to_owned();
    move |source| Error::Io { path, source }.into()
}
