//! `portcullis keygen`: a key to sign plugins with.

use crate::args::{Format, KeygenArgs};
use crate::error::CliError;
use crate::{key_file, output};
use serde_json::json;

pub(crate) fn run(args: &KeygenArgs, format: Format) -> Result<(), CliError> {
    let (key, path) = key_file::make(&args.keys, &args.name, args.passphrase)?;
    let public = key.public();
    let text = format!(
        "secret key  {}\nkey id      {}\npublic key  {public}",
        path.display(),
        public.id()
    );
    output::said(
        format,
        &json!({ "file": path, "keyId": public.id(), "publicKey": public }),
        &text,
    )
}
