//! Reading a component with everything that lies beside it, once.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use portcullis_host_policy::manifest::{Manifest, section};
use portcullis_host_policy::trust::{Signatures, Statement};

use crate::definition::within;
use crate::error::Error;
use crate::{Digest, LoadLimits, PluginId, compile};

/// Largest file of signatures that is read: several times what the most signatures of one take.
const SIGNATURE_FILE_BYTES: u64 = 64 * 1024;

/// Where a component's bytes come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A file, read once. Where it carries no manifest, one beside it (`NAME.toml`) is taken. Its signatures are beside it
    /// too (`NAME.wasm.sig`).
    Path(PathBuf),
    /// The bytes themselves, which nobody signed.
    Bytes(Arc<[u8]>),
}

impl From<&str> for Source {
    fn from(path: &str) -> Self {
        Source::Path(path.into())
    }
}

impl From<&Path> for Source {
    fn from(path: &Path) -> Self {
        Source::Path(path.to_owned())
    }
}

impl From<PathBuf> for Source {
    fn from(path: PathBuf) -> Self {
        Source::Path(path)
    }
}

impl From<&[u8]> for Source {
    fn from(bytes: &[u8]) -> Self {
        Source::Bytes(bytes.into())
    }
}

impl From<Vec<u8>> for Source {
    fn from(bytes: Vec<u8>) -> Self {
        Source::Bytes(bytes.into())
    }
}

/// A component's bytes with what can be said of them without running or compiling anything.
pub(crate) struct Candidate {
    pub(super) source: Source,
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) digest: Digest,
    pub(crate) manifest: Option<Manifest>,
    /// Whether the manifest is among the bytes.
    pub(crate) embedded: bool,
    pub(crate) id: PluginId,
    /// Who signed it. A file that can't be used matters only where signatures do.
    pub(crate) signatures: Result<Signatures, Error>,
}

impl Candidate {
    /// What its signatures must say; none where it has no manifest.
    pub(super) fn statement(&self) -> Option<Statement> {
        let manifest = self.manifest.as_ref()?;
        Some(Statement {
            id: self.id.clone(),
            version: manifest.plugin.version.clone(),
            digest: self.digest,
        })
    }
}

/// Reads a component, its manifest and its signatures.
pub(crate) fn read(source: &Source, limits: &LoadLimits) -> Result<Candidate, Error> {
    let bytes = match source {
        Source::Bytes(bytes) => Arc::clone(bytes),
        Source::Path(path) => read_file(path, limits.component_bytes)?.into(),
    };
    within(
        "component-bytes",
        limits.component_bytes,
        bytes.len() as u64,
    )?;
    let digest = Digest::of(&bytes);
    compile::is_component(&bytes)?;
    let parse = |text: &str| Manifest::parse(text).map_err(Error::manifest);
    let embedded = embedded(&bytes, limits)?.map(parse).transpose()?;
    let beside = match source {
        Source::Path(path) => beside(path, embedded.as_ref(), limits)?,
        Source::Bytes(_) => None,
    };
    let is_embedded = embedded.is_some();
    let manifest = embedded.or(beside);
    let id = match &manifest {
        Some(manifest) => manifest.plugin.id.clone(),
        None => id_of(source, &digest)?,
    };
    Ok(Candidate {
        source: source.clone(),
        bytes,
        digest,
        manifest,
        embedded: is_embedded,
        id,
        signatures: signatures(source),
    })
}

/// The bytes of a component that was read before, and must not have changed since.
///
/// # Errors
/// [`Error::Changed`], and where the file can't be read any more.
pub(super) fn read_again(source: &Source, digest: &Digest, most: u64) -> Result<Arc<[u8]>, Error> {
    let path = match source {
        Source::Bytes(bytes) => return Ok(Arc::clone(bytes)),
        Source::Path(path) => path,
    };
    let bytes = read_file(path, most)?;
    if Digest::of(&bytes) == *digest {
        Ok(bytes.into())
    } else {
        Err(Error::Changed { path: path.clone() })
    }
}

/// Up to one byte more than `most`, so that a file that is too large, or grows while it is read, is found out.
fn read_file(path: &Path, most: u64) -> Result<Vec<u8>, Error> {
    let io = |source| Error::Io {
        path: path.to_owned(),
        source,
    };
    let file = open(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    if !metadata.is_file() {
        return Err(io(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file",
        )));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len().min(most)).unwrap_or(0));
    file.take(most.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(io)?;
    Ok(bytes)
}

/// Opens a file without waiting for who would write into a pipe of that name.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        rustix::fs::OFlags::NONBLOCK.bits() as i32,
    );
    options.open(path)
}

/// A file that need not be there.
fn read_if_there(path: &Path, most: u64) -> Result<Option<Vec<u8>>, Error> {
    match read_file(path, most) {
        Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}

fn text(path: &Path, bytes: Vec<u8>) -> Result<String, Error> {
    String::from_utf8(bytes).map_err(|_| Error::Io {
        path: path.to_owned(),
        source: io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"),
    })
}

/// The manifest among the bytes.
fn embedded<'a>(bytes: &'a [u8], limits: &LoadLimits) -> Result<Option<&'a str>, Error> {
    let found = section::read(bytes)?;
    let length = found.map_or(0, str::len) as u64;
    within("manifest-bytes", limits.manifest_bytes, length)?;
    Ok(found)
}

/// The manifest beside the file, which must not say something else than one inside.
fn beside(
    path: &Path,
    embedded: Option<&Manifest>,
    limits: &LoadLimits,
) -> Result<Option<Manifest>, Error> {
    let path = path.with_extension("toml");
    let Some(bytes) = read_if_there(&path, limits.manifest_bytes)? else {
        return Ok(None);
    };
    within("manifest-bytes", limits.manifest_bytes, bytes.len() as u64)?;
    let manifest = Manifest::parse(&text(&path, bytes)?).map_err(Error::manifest)?;
    match embedded {
        Some(embedded) if *embedded != manifest => Err(Error::ManifestTwice { path }),
        _ => Ok(Some(manifest)),
    }
}

/// Who signed it, by the file beside it; nobody where there is none.
fn signatures(source: &Source) -> Result<Signatures, Error> {
    let Source::Path(path) = source else {
        return Ok(Signatures::default());
    };
    let mut name = path.clone().into_os_string();
    name.push(".sig");
    let path = PathBuf::from(name);
    let Some(bytes) = read_if_there(&path, SIGNATURE_FILE_BYTES)? else {
        return Ok(Signatures::default());
    };
    within("signature-bytes", SIGNATURE_FILE_BYTES, bytes.len() as u64)?;
    Signatures::parse(&text(&path, bytes)?).map_err(|errors| Error::Signatures { path, errors })
}

/// A plugin without a manifest is called after its file, or its digest.
fn id_of(source: &Source, digest: &Digest) -> Result<PluginId, Error> {
    let from_name = match source {
        Source::Path(path) => path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .map(|stem| stem.to_lowercase().replace('_', "-")),
        Source::Bytes(_) => None,
    };
    if let Some(Ok(id)) = from_name.map(|name| name.parse::<PluginId>()) {
        return Ok(id);
    }
    let digits: String = digest
        .to_string()
        .chars()
        .skip("sha256:".len())
        .take(12)
        .collect();
    format!("sha256-{digits}").parse().map_err(Error::host)
}
