//! What the operator's configuration, variables and flags come to.

use crate::args::ConfigArgs;
use crate::error::CliError;
use portcullis_host_core::{ConfigError, ConfigFile};
use portcullis_host_policy::config::{Config, Effective, Said, VariableError};

/// Why there is no telling what holds.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error(transparent)]
    File(ConfigError),
    #[error("{}", lines(.0))]
    Variables(Vec<VariableError>),
}

/// What holds for this command.
pub(crate) fn load(args: &ConfigArgs) -> Result<Effective, CliError> {
    let config = read(find(args).as_ref())?;
    let variables = Said::by_variables(|name| std::env::var_os(name));
    let variables =
        variables.map_err(|errors| CliError::Settings(SettingsError::Variables(errors)))?;
    Ok(config.resolve(variables, args.said()))
}

/// What a file says; without one nothing is said.
pub(crate) fn read(file: Option<&ConfigFile>) -> Result<Config, CliError> {
    match file {
        Some(file) => Ok(file.read()?),
        None => Ok(Config::default()),
    }
}

/// The file that is read, if there is one: the one that is named must be there.
pub(crate) fn find(args: &ConfigArgs) -> Option<ConfigFile> {
    let named = args.config.clone().map(ConfigFile::new);
    named.or_else(ConfigFile::find)
}

/// The file that a command changes, which need not be there: the one that is named, else the user's own.
pub(crate) fn file_to_edit(args: &ConfigArgs) -> Result<ConfigFile, CliError> {
    let named = args.config.clone().map(ConfigFile::new);
    let file = named.or_else(ConfigFile::of_user);
    file.ok_or(CliError::NoFolder {
        what: "the configuration",
        option: "--config",
    })
}

fn lines(errors: &[VariableError]) -> String {
    let lines: Vec<_> = errors.iter().map(ToString::to_string).collect();
    lines.join("\n")
}
