//! `portcullis sign`: a signature beside a component.

use crate::args::{Format, SignArgs};
use crate::error::CliError;
use crate::{key_file, output, signed};
use serde_json::json;

/// Adds a signature to those that are there, in place of one by the same key.
pub(crate) fn run(args: &SignArgs, format: Format) -> Result<(), CliError> {
    let statement = signed::statement(&args.file)?.map_err(CliError::NotSigned)?;
    let (mut signatures, path) = signed::signatures(&args.file)?;
    let key = key_file::read(&args.keys, &args.key)?;
    let signature = key.sign(&statement);
    let id = signature.key;
    signatures.add(signature);
    signed::write(&path, &signatures)?;
    let text = format!(
        "signed {} {} as key {id}: {}",
        statement.id,
        statement.version,
        path.display()
    );
    let document = json!({
        "signatures": path, "keyId": id, "id": statement.id, "version": statement.version, "digest": statement.digest,
    });
    output::said(format, &document, &text)
}
