//! `portcullis check`.
use crate::{args::*, error::CliError, exit::Exit};
pub(crate) fn run(_: &FileArgs, _: Format, _: bool) -> Result<Exit, CliError> {
    Ok(Exit::NotLoadable)
}
