//! Exit codes: one for every way a command can end, so that a script never has to read prose.

use std::process::ExitCode;

/// How the process ends. The numbers are part of the command's interface and never change their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// The command did what was asked.
    Done = 0,
    /// Anything that has no code of its own: a build that failed, a file that can't be written, a fault of the host.
    Failed = 1,
    /// The command line is wrong. Clap uses the same number.
    Usage = 2,
    /// The file can't be loaded as a plugin here.
    NotLoadable = 3,
    /// The plugin, or the call, was denied something it needs.
    Denied = 4,
    /// The arguments do not fit the tool, or the settings the plugin; or the plugin has no such tool.
    InvalidArguments = 5,
    /// The tool ran and answered with an error.
    ToolError = 6,
    /// A limit ended the call.
    Limit = 7,
    /// The plugin panicked, trapped or broke its contract.
    Trap = 8,
    /// The call was cancelled.
    Cancelled = 9,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// The table that `--help` shows.
pub(crate) const HELP: &str = "\
Exit codes:
  0  done
  1  failed otherwise: a build, a file that can't be written, a fault of the host
  2  usage: the command line is wrong
  3  not loadable: the file is no plugin, or not one for this host
  4  denied: something that the call needs was not granted
  5  invalid arguments or settings, or no such tool
  6  tool error: the tool ran and said no
  7  limit: deadline, fuel, memory, output, calls at once, or another limit
  8  trap: the plugin panicked, or broke its contract
  9  cancelled (Ctrl-C)

Results go to stdout, errors and logs to stderr. With --output json both are JSON, and an error is
one object: {\"error\": {\"kind\": …, \"message\": …}}.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_names_every_code() {
        let codes = [
            Exit::Done,
            Exit::Failed,
            Exit::Usage,
            Exit::NotLoadable,
            Exit::Denied,
            Exit::InvalidArguments,
            Exit::ToolError,
            Exit::Limit,
            Exit::Trap,
            Exit::Cancelled,
        ];
        for (number, code) in codes.into_iter().enumerate() {
            assert_eq!(code as usize, number);
            assert!(
                HELP.contains(&format!("\n  {number}  ")),
                "{code:?} is not in the help text"
            );
        }
    }
}
