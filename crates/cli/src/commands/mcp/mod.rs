//! `portcullis mcp`: what clients of a server need, and may.

mod config;
mod token;

use crate::args::{Format, McpCommand, TokensArgs};
use crate::error::CliError;
use portcullis_mcp::http::TokenFile;

pub(crate) fn run(command: &McpCommand, format: Format) -> Result<(), CliError> {
    match command {
        McpCommand::Token(command) => token::run(command, format),
        McpCommand::Config(args) => config::run(args),
    }
}

/// Where tokens are kept.
pub(crate) fn tokens(place: &TokensArgs) -> Result<TokenFile, CliError> {
    let named = place.tokens_dir.as_ref().map(TokenFile::new);
    named.or_else(TokenFile::of_user).ok_or(CliError::NoFolder {
        what: "who may use plugins",
        option: "--tokens-dir",
    })
}
