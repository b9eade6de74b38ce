//! `portcullis policy`: what a grant means, before and after a call.

mod check;
mod explain;
mod record;

use crate::args::{Format, GrantArgs, HostArgs, PolicyCommand};
use crate::error::CliError;
use crate::exit::Exit;
use crate::host::Session;
use crate::installed;
use portcullis_host_core::{CapabilitySet, Grant, Grants, Inspection};
use portcullis_host_policy::config::Effective;
use std::path::Path;

pub(crate) fn run(command: PolicyCommand, format: Format, verbose: bool) -> Result<Exit, CliError> {
    match command {
        PolicyCommand::Explain(args) => explain::run(&args, format, verbose),
        PolicyCommand::Check(args) => check::run(&args, format, verbose),
        PolicyCommand::Record(args) => record::run(&args, format, verbose),
    }
}

/// What can be seen of a plugin, and what is granted to it: a file's by the command line, an installed one's by its configuration.
async fn named(
    session: &'static Session,
    host: &HostArgs,
    name: &Path,
    grant: &GrantArgs,
) -> Result<(Inspection, Grant), CliError> {
    let grant = match installed::id(name) {
        Some(id) => {
            installed::refuse(&id, &grant.given())?;
            installed::grant(session, &id)
        }
        None => grant.grant(),
    };
    let file = installed::file(session, host, name).await?;
    Ok((session.host.inspect(file).await?, grant))
}

/// What the plugin could reach under this grant: as the host brings it together, without loading the plugin.
fn grants(seen: &Inspection, grant: &Grant, settings: &Effective) -> Grants {
    let requested = match &seen.manifest {
        Some(manifest) => CapabilitySet::Only(manifest.capabilities.request.clone()),
        None => CapabilitySet::All,
    };
    Grants::new(&requested, grant, &settings.ceiling()).offline(settings.offline.value)
}
