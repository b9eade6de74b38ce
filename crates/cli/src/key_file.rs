//! An author's secret keys: PKCS #8 in PEM, which other tools read too, each in a file for its owner alone.

use crate::args::KeysArgs;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePrivateKey as _;
use pkcs8::der::pem::PemLabel as _;
use pkcs8::{
    DecodePrivateKey as _, EncryptedPrivateKeyInfoOwned, EncryptedPrivateKeyInfoRef, LineEnding,
    SecretDocument,
};
use portcullis_host_core::private;
use portcullis_host_core::secret::{ExposeSecret as _, SecretString};
use portcullis_host_policy::trust::SecretKey;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

/// The variable that a passphrase is taken from.
pub(crate) const PASSPHRASE: &str = "PORTCULLIS_KEY_PASSPHRASE";

/// Longest file that is read; an encrypted key takes some 300 bytes.
const MAX_BYTES: u64 = 16 << 10;

/// Why a secret key can't be made or used. No error carries a key or a passphrase.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyFileError {
    #[error(
        "neither XDG_CONFIG_HOME nor a home folder is known; say where keys are kept with --keys-dir"
    )]
    NoFolder,
    #[error("{} is there already, and a key that is written over is lost; choose another name", .0.display())]
    Exists(PathBuf),
    #[error("there is no key {}; `portcullis keygen` makes one", .0.display())]
    Missing(PathBuf),
    #[error("{} is a link, and a key is not reached through one; name its file", .0.display())]
    Link(PathBuf),
    #[error("can't use {}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{} holds no Ed25519 secret key (PKCS #8 in PEM), as `portcullis keygen` writes it", .0.display())]
    NoKey(PathBuf),
    #[error("the passphrase of {} is another one; {PASSPHRASE} is where it is taken from, else it is asked for", .0.display())]
    WrongPassphrase(PathBuf),
    #[error("no passphrase: {0}; set {PASSPHRASE} where nobody is there to be asked")]
    NoPassphrase(io::Error),
    #[error("can't make a key: {0}")]
    NotMade(String),
}

/// Makes a key and keeps it in a file of that name, encrypted where `encrypted` or the variable says so.
pub(crate) fn make(
    place: &KeysArgs,
    name: &str,
    encrypted: bool,
) -> Result<(SecretKey, PathBuf), KeyFileError> {
    let folder = folder(place)?;
    let path = folder.join(name).with_added_extension("pem");
    // Said before anybody thinks of a passphrase; `create` makes sure of it.
    if path.exists() {
        return Err(KeyFileError::Exists(path));
    }
    let not_made = |error: &dyn std::fmt::Display| KeyFileError::NotMade(error.to_string());
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| not_made(&error))?;
    let key = SigningKey::from_bytes(&seed);
    let pem = if encrypted || std::env::var_os(PASSPHRASE).is_some() {
        let passphrase = passphrase(&path, true)?;
        key.to_pkcs8_encrypted_pem(passphrase.expose_secret(), LineEnding::LF)
    } else {
        key.to_pkcs8_pem(LineEnding::LF)
    };
    let pem = pem.map_err(|error| not_made(&error))?;
    private::make_private(&folder).map_err(failed(&folder))?;
    private::create(&path, pem.as_bytes()).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => KeyFileError::Exists(path.clone()),
        _ => failed(&path)(error),
    })?;
    Ok((key.into(), path))
}

/// Reads a key by its name, or from its file.
pub(crate) fn read(place: &KeysArgs, key: &str) -> Result<SecretKey, KeyFileError> {
    let path = match key.contains(std::path::is_separator) || key.ends_with(".pem") {
        true => PathBuf::from(key),
        false => folder(place)?.join(key).with_added_extension("pem"),
    };
    if path.is_symlink() {
        return Err(KeyFileError::Link(path));
    }
    let bytes = private::read(&path, 0o077, MAX_BYTES).map_err(failed(&path))?;
    let bytes = bytes.ok_or_else(|| KeyFileError::Missing(path.clone()))?;
    let no_key = || KeyFileError::NoKey(path.clone());
    let pem = SecretString::from(String::from_utf8(bytes).map_err(|_| no_key())?);
    let (label, document) = SecretDocument::from_pem(pem.expose_secret()).map_err(|_| no_key())?;
    let key = if label == EncryptedPrivateKeyInfoOwned::PEM_LABEL {
        decrypted(&path, &document)?
    } else {
        document
    };
    let key = SigningKey::from_pkcs8_der(key.as_bytes()).map_err(|_| no_key())?;
    Ok(key.into())
}

fn decrypted(path: &Path, document: &SecretDocument) -> Result<SecretDocument, KeyFileError> {
    let encrypted = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes());
    let encrypted = encrypted.map_err(|_| KeyFileError::NoKey(path.to_owned()))?;
    let passphrase = passphrase(path, false)?;
    let key = encrypted.decrypt(passphrase.expose_secret());
    key.map_err(|_| KeyFileError::WrongPassphrase(path.to_owned()))
}

/// The passphrase of a key; asked for twice where it is a new one.
fn passphrase(path: &Path, new: bool) -> Result<SecretString, KeyFileError> {
    let refused = |why: &str| KeyFileError::NoPassphrase(io::Error::other(why.to_owned()));
    if let Ok(passphrase) = std::env::var(PASSPHRASE) {
        return match passphrase.is_empty() {
            true => Err(refused("it is empty")),
            false => Ok(passphrase.into()),
        };
    }
    if !io::stdin().is_terminal() {
        return Err(refused("there is no terminal to ask at"));
    }
    let ask = |what: &str| {
        let asked = rpassword::prompt_password(format!("{what} {} (not shown): ", path.display()));
        asked
            .map(SecretString::from)
            .map_err(KeyFileError::NoPassphrase)
    };
    let passphrase = ask("passphrase of")?;
    if passphrase.expose_secret().is_empty() {
        return Err(refused("it is empty"));
    }
    if new && ask("once more, passphrase of")?.expose_secret() != passphrase.expose_secret() {
        return Err(refused("the two are not the same"));
    }
    Ok(passphrase)
}

fn folder(place: &KeysArgs) -> Result<PathBuf, KeyFileError> {
    let default = || private::user_folder("XDG_CONFIG_HOME", ".config", "keys");
    place
        .keys_dir
        .clone()
        .or_else(default)
        .ok_or(KeyFileError::NoFolder)
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> KeyFileError {
    let path = path.to_owned();
    move |source| KeyFileError::Io { path, source }
}
