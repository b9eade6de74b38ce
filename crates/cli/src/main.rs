//! The `portcullis` command: make, build, check, inspect and call sandboxed plugins.
//!
//! Results go to stdout, errors and logs to stderr; the exit code says how the command ended (see `exit`).

mod args;
mod arguments;
mod ask;
mod commands;
mod decided;
mod edit;
mod error;
mod exit;
mod host;
mod installed;
mod key_file;
mod log;
mod output;
mod progress;
mod secrets;
mod settings;
mod signed;
mod telemetry;
mod trust;

use args::{Cli, Command, Format};
use clap::Parser;
use clap::error::ErrorKind;
use error::CliError;
use exit::Exit;
use portcullis_host_policy::escape;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error).into(),
    };
    let format = cli.output;
    let exit = match run(cli) {
        Ok(exit) => exit,
        Err(error) => {
            output::error(&error, format);
            error.exit()
        }
    };
    telemetry::finish();
    exit.into()
}

fn run(cli: Cli) -> Result<Exit, CliError> {
    let (format, verbose) = (cli.output, cli.verbose);
    match cli.command {
        Command::New(args) => commands::new::run(&args, format)?,
        Command::Build(args) => commands::build::run(&args, format, verbose)?,
        Command::Dev(args) => commands::dev::run(args, format, verbose)?,
        Command::Check(args) => return commands::check::run(&args, format, verbose),
        Command::Inspect(args) => commands::inspect::run(&args, format, verbose)?,
        Command::Call(args) => commands::call::run(&args, format, verbose)?,
        Command::Serve(args) => commands::serve::run(args, format, verbose)?,
        Command::Policy(command) => return commands::policy::run(command, format, verbose),
        Command::Audit(command) => commands::audit::run(&command, format)?,
        Command::Secret(command) => commands::secret::run(&command, format)?,
        Command::Keygen(args) => commands::keygen::run(&args, format)?,
        Command::Sign(args) => commands::sign::run(&args, format)?,
        Command::Verify(args) => return commands::verify::run(&args, format),
        Command::Trust(command) => commands::trust::run(&command, format)?,
        Command::Config(command) => commands::config::run(&command, format)?,
        Command::Plugins(command) => commands::plugins::run(&command, format, verbose)?,
        Command::Mcp(command) => commands::mcp::run(&command, format)?,
        Command::Completions { shell } => commands::completions::run(shell)?,
    }
    Ok(Exit::Done)
}

/// What clap has to say: help and version on stdout, mistakes on stderr – as JSON where the command line asks for it,
/// though it could not be parsed.
fn usage(error: &clap::Error) -> Exit {
    let arguments: Vec<_> = std::env::args().collect();
    let json = arguments.iter().any(|one| one == "--output=json")
        || arguments
            .windows(2)
            .any(|two| two[0] == "--output" && two[1] == "json");
    let exit = match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Done,
        _ => Exit::Usage,
    };
    if exit == Exit::Usage && json {
        let message = error.to_string();
        let message = message.trim_start_matches("error: ").trim_end();
        output::error(&CliError::Usage(message.to_string()), Format::Json);
    } else {
        // A closed stdout or stderr leaves nobody to tell.
        let _ = error.print();
    }
    exit
}
