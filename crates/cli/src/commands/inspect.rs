//! `portcullis inspect`.
use crate::{args::*, error::CliError};
pub(crate) fn run(_: &FileArgs, _: Format, _: bool) -> Result<(), CliError> {
    Ok(())
}
