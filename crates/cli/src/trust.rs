//! Where this command finds the operator's trust.

use crate::args::TrustArgs;
use crate::error::CliError;
use portcullis_host_core::TrustFolder;

/// The operator's trust.
pub(crate) fn folder(place: &TrustArgs) -> Result<TrustFolder, CliError> {
    let folder = place.trust_dir.clone().or_else(TrustFolder::default_folder);
    folder.map(TrustFolder::new).ok_or(CliError::NoFolder {
        what: "trust",
        option: "--trust-dir",
    })
}
