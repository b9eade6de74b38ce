//! Everything that ends a command early, with its exit code and its JSON.

use crate::arguments::ArgumentError;
use crate::commands::build::BuildError;
use crate::commands::dev::WatchError;
use crate::commands::new::NewError;
use crate::commands::plugins::PluginsError;
use crate::commands::secret::SecretCommandError;
use crate::commands::trust::TrustCommandError;
use crate::decided::{self, Refused};
use crate::exit::Exit;
use crate::key_file::KeyFileError;
use crate::secrets;
use crate::settings::SettingsError;
use portcullis_host_core::{Capability, ConfigError, Error as HostError, ErrorKind, TrustError};
use portcullis_host_policy::SlotError;
use portcullis_host_policy::document::{DocumentError, DocumentErrors};
use portcullis_host_policy::trust::Distrust;
use portcullis_mcp::ServeError;
use portcullis_mcp::http::{HttpError, MetricsError, TokenError};
use serde_json::{Map, Value, json};
use std::path::PathBuf;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// The command line is wrong; clap's words.
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Argument(#[from] ArgumentError),
    #[error(transparent)]
    New(#[from] NewError),
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error(transparent)]
    Watch(#[from] WatchError),
    #[error(transparent)]
    Secret(#[from] SecretCommandError),
    #[error(transparent)]
    Key(#[from] KeyFileError),
    #[error("this can't be signed: {0}")]
    NotSigned(Distrust),
    #[error(transparent)]
    Trust(TrustCommandError),
    /// A file of the operator's or of signatures is not what it should be.
    #[error("{} is not right\n{}", path.display(), errors.report(&path.to_string_lossy()))]
    Mistakes {
        path: PathBuf,
        errors: DocumentErrors,
    },
    #[error(
        "neither XDG_CONFIG_HOME nor a home folder is known; say where {what} is kept with {option}"
    )]
    NoFolder {
        what: &'static str,
        option: &'static str,
    },
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    #[error(transparent)]
    Settings(SettingsError),
    #[error(transparent)]
    Plugins(#[from] PluginsError),
    #[error("{}", described(.0))]
    Host(#[from] HostError),
    /// A call's error, with what was denied to it before, and what its plugin asks for and can't be seen to miss.
    #[error("{}{}", described(.error), reach(.refused, .lost))]
    Call {
        error: Box<HostError>,
        refused: Vec<Refused>,
        lost: Vec<Capability>,
    },
    #[error("{}", lines(.0))]
    Slots(Vec<SlotError>),
    #[error("can't read the audit trail in {}: {source}", folder.display())]
    Audit {
        folder: PathBuf,
        source: std::io::Error,
    },
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error("can't start: {0}")]
    Runtime(std::io::Error),
    #[error("can't write to stdout: {0}")]
    Stdout(std::io::Error),
}

impl CliError {
    /// What the process ends with.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            CliError::Usage(_) | CliError::Argument(_) | CliError::Slots(_) => Exit::Usage,
            CliError::Plugins(error) => error.exit(),
            CliError::Secret(SecretCommandError::NoIdentity(_)) => Exit::Usage,
            CliError::Http(HttpError::NoTls(_) | HttpError::NoHost(_) | HttpError::Host(_)) => {
                Exit::Usage
            }
            CliError::Secret(_)
            | CliError::Settings(_)
            | CliError::Token(_)
            | CliError::Http(_)
            | CliError::Metrics(_) => Exit::Failed,
            CliError::New(NewError::Write { .. }) => Exit::Failed,
            CliError::New(_) => Exit::Usage,
            CliError::Build(BuildError::Manifest { .. }) | CliError::NotSigned(_) => {
                Exit::NotLoadable
            }
            CliError::Build(_)
            | CliError::Key(_)
            | CliError::Trust(_)
            | CliError::Mistakes { .. }
            | CliError::NoFolder { .. }
            | CliError::Watch(_)
            | CliError::Audit { .. }
            | CliError::Serve(_)
            | CliError::Runtime(_)
            | CliError::Stdout(_) => Exit::Failed,
            CliError::Host(error) => exit(error.kind()),
            CliError::Call { error, .. } => exit(error.kind()),
        }
    }

    /// `{"error": {"kind": …, "message": …, fields}}`.
    pub(crate) fn to_json(&self) -> Value {
        let (kind, mut fields) = match self {
            CliError::Usage(_) | CliError::Argument(_) | CliError::Slots(_) => {
                ("usage".into(), Map::new())
            }
            CliError::Plugins(error) => (error.kind().into(), Map::new()),
            CliError::New(_) => ("new".into(), Map::new()),
            CliError::Secret(_) => (ErrorKind::Secret.to_string(), Map::new()),
            CliError::Settings(_) => ("config".into(), Map::new()),
            CliError::Build(
                BuildError::Compile { diagnostics, .. } | BuildError::Tool { diagnostics, .. },
            ) => (
                "build".into(),
                Map::from_iter([("diagnostics".into(), diagnostics.as_str().into())]),
            ),
            CliError::Build(BuildError::Manifest { source, .. }) => (
                ErrorKind::Manifest.to_string(),
                Map::from_iter([("mistakes".into(), mistakes(source))]),
            ),
            CliError::Build(_) => ("build".into(), Map::new()),
            CliError::Key(_) => ("key".into(), Map::new()),
            CliError::NotSigned(_) => (ErrorKind::Manifest.to_string(), Map::new()),
            CliError::Trust(_) => ("trust".into(), Map::new()),
            CliError::Token(_) => ("token".into(), Map::new()),
            CliError::Http(_) | CliError::Metrics(_) => ("http".into(), Map::new()),
            CliError::Mistakes { path, errors } => (
                "mistakes".into(),
                Map::from_iter([
                    ("path".into(), path.to_string_lossy().into()),
                    ("mistakes".into(), mistakes(errors)),
                ]),
            ),
            CliError::NoFolder { .. }
            | CliError::Watch(_)
            | CliError::Serve(_)
            | CliError::Audit { .. }
            | CliError::Runtime(_)
            | CliError::Stdout(_) => ("io".into(), Map::new()),
            CliError::Host(error) => return json!({ "error": host_json(error) }),
            CliError::Call {
                error,
                refused,
                lost,
            } => return json!({ "error": call_json(error, refused, lost) }),
        };
        fields.insert("kind".into(), Value::String(kind));
        fields.insert("message".into(), self.to_string().into());
        json!({ "error": fields })
    }
}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        match error {
            ConfigError::Mistakes { path, errors } => CliError::Mistakes { path, errors },
            error => CliError::Settings(SettingsError::File(error)),
        }
    }
}

impl From<TrustError> for CliError {
    fn from(error: TrustError) -> Self {
        match error {
            TrustError::Mistakes { path, errors } => CliError::Mistakes { path, errors },
            error => CliError::Trust(error.into()),
        }
    }
}

impl From<TrustCommandError> for CliError {
    fn from(error: TrustCommandError) -> Self {
        match error {
            TrustCommandError::Folder(error) => error.into(),
            error => CliError::Trust(error),
        }
    }
}

/// A host's error as an object: its kind, its fields, and a message – the tool's own where it has one.
pub(crate) fn host_json(error: &HostError) -> Value {
    let mut object = fields(error);
    object.insert("kind".into(), error.kind().to_string().into());
    object
        .entry("message")
        .or_insert_with(|| error.to_string().into());
    Value::Object(object)
}

fn call_json(error: &HostError, refused: &[Refused], lost: &[Capability]) -> Value {
    let mut object = host_json(error);
    if !refused.is_empty() {
        object["denials"] = refused.iter().map(Refused::as_json).collect();
    }
    if !lost.is_empty() {
        object["notGranted"] = lost.iter().map(decided::allow).collect();
    }
    object
}

/// What was denied, and what would help, moved in under the error.
fn reach(refused: &[Refused], lost: &[Capability]) -> String {
    let refused = refused.iter().map(Refused::as_text);
    let lost = lost.iter().map(|capability| {
        let allow = decided::allow(capability);
        format!("its manifest asks for this, and it is not granted:\n  {allow}")
    });
    let moved = |text: String| format!("\n  {}", text.replace('\n', "\n  "));
    refused.chain(lost).map(moved).collect()
}

fn lines(errors: &[SlotError]) -> String {
    let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

fn exit(kind: ErrorKind) -> Exit {
    match kind {
        ErrorKind::Io
        | ErrorKind::NotAComponent
        | ErrorKind::ContractVersion
        | ErrorKind::NotServed
        | ErrorKind::UnknownImport
        | ErrorKind::NoTools
        | ErrorKind::Manifest
        | ErrorKind::Changed
        | ErrorKind::Untrusted
        | ErrorKind::Discovery
        | ErrorKind::Trust
        | ErrorKind::NotActive
        | ErrorKind::UnknownCapability
        | ErrorKind::Definition
        | ErrorKind::Folder
        | ErrorKind::LoadLimit
        | ErrorKind::Probe => Exit::NotLoadable,
        ErrorKind::UnknownTool | ErrorKind::InvalidArguments | ErrorKind::Settings => {
            Exit::InvalidArguments
        }
        ErrorKind::Unsupported => Exit::Usage,
        ErrorKind::Tool | ErrorKind::Start => Exit::ToolError,
        ErrorKind::Trapped | ErrorKind::BrokenContract => Exit::Trap,
        ErrorKind::DeadlineExceeded
        | ErrorKind::OutOfFuel
        | ErrorKind::MemoryExceeded
        | ErrorKind::OutputTooLarge
        | ErrorKind::LimitExceeded
        | ErrorKind::Busy => Exit::Limit,
        ErrorKind::Cancelled | ErrorKind::Stopped => Exit::Cancelled,
        ErrorKind::Denied => Exit::Denied,
        // A host fault, and kinds that came later than this command.
        _ => Exit::Failed,
    }
}

/// The host's message, with what this command can add: the option that raises a limit, where a trap happened.
fn described(error: &HostError) -> String {
    let hint = match error {
        HostError::InvalidArguments { .. } => "`portcullis inspect` shows the tool's schema",
        HostError::UnknownTool { .. } => "`portcullis inspect` lists the plugin's tools",
        HostError::DeadlineExceeded { .. } => "--timeout gives it longer",
        HostError::OutOfFuel { .. } => "--fuel gives it more",
        HostError::MemoryExceeded { .. } => "--memory gives it more",
        HostError::Start { .. } => "--set KEY=VALUE sets the plugin's settings",
        HostError::Manifest(errors) | HostError::UnknownCapability(errors) => {
            return format!(
                "the manifest is not right\n{}",
                errors.report("plugin.toml")
            );
        }
        HostError::Secret(error) => return secrets::described(error),
        // A panic says where it was; the frames around it are the SDK's and the standard library's.
        HostError::Trapped(trap) if trap.panic.is_some() => "--output json shows the backtrace",
        HostError::Trapped(trap) if !trap.backtrace.is_empty() => {
            let frames: String = trap
                .backtrace
                .iter()
                .map(|frame| format!("\n    {frame}"))
                .collect();
            return format!("{error}\n  where, innermost first:{frames}");
        }
        _ => return error.to_string(),
    };
    format!("{error}\n  {hint}")
}

/// The fields of an error, named as in the host's API.
fn fields(error: &HostError) -> Map<String, Value> {
    let object = match error {
        HostError::Io { path, .. }
        | HostError::ManifestTwice { path }
        | HostError::Changed { path } => json!({ "path": path }),
        HostError::Manifest(errors)
        | HostError::UnknownCapability(errors)
        | HostError::Signatures { errors, .. } => {
            json!({ "mistakes": mistakes(errors) })
        }
        HostError::NotAComponent { reason } | HostError::Host { reason } => {
            json!({ "reason": reason })
        }
        HostError::ContractVersion { needs, serves } => json!({ "needs": needs, "serves": serves }),
        HostError::NotServed { interface } => json!({ "interface": interface }),
        HostError::UnknownImport { name } => json!({ "name": name }),
        HostError::Definition {
            tool,
            problem,
            remedy,
        } => {
            json!({ "tool": tool, "problem": problem, "remedy": remedy })
        }
        HostError::LoadLimit {
            limit,
            allowed,
            found,
        } => json!({ "limit": limit, "allowed": allowed, "found": found }),
        HostError::CompileTime { allowed } => json!({ "allowedMs": allowed.as_millis() as u64 }),
        HostError::Probe { source } => json!({ "source": host_json(source) }),
        HostError::UnknownTool { tool, nearest } => json!({ "tool": tool, "nearest": nearest }),
        HostError::InvalidArguments { tool, mistakes } => {
            json!({ "tool": tool, "mistakes": mistakes })
        }
        HostError::Settings { mistakes } => json!({ "mistakes": mistakes }),
        HostError::BrokenContract { problem } => json!({ "problem": problem }),
        HostError::Unsupported { what, remedy } => json!({ "what": what, "remedy": remedy }),
        HostError::Tool(error) => json!(error),
        HostError::Trapped(trap) => json!(trap),
        HostError::DeadlineExceeded { after } => json!({ "afterMs": after.as_millis() as u64 }),
        HostError::OutOfFuel { budget } => json!({ "budget": budget }),
        HostError::MemoryExceeded { limit } | HostError::OutputTooLarge { limit } => {
            json!({ "limit": limit })
        }
        HostError::LimitExceeded { limit, allowed } => {
            json!({ "limit": limit, "allowed": allowed })
        }
        HostError::Busy { scope, limit } => json!({ "scope": scope, "limit": limit }),
        HostError::Start { code, message } => json!({ "code": code, "message": message }),
        HostError::Denied { error, denials } => json!({
            "code": error.code,
            "denials": denials.iter().map(decided::denial).collect::<Vec<_>>(),
        }),
        _ => Value::Null,
    };
    match object {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

fn mistakes(errors: &DocumentErrors) -> Value {
    let mistake = |error: &DocumentError| {
        json!({
            "line": error.line, "column": error.column, "problem": error.kind.to_string(), "suggestion": error.suggestion,
        })
    };
    errors.errors().iter().map(mistake).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_single_call_can_reach_has_its_exit_code_too() {
        let fault = HostError::Host {
            reason: "no memory".into(),
        };
        assert_eq!(CliError::from(fault).exit(), Exit::Failed);
    }

    #[test]
    fn an_error_is_one_object_with_kind_fields_and_message() {
        let error = CliError::from(HostError::OutOfFuel { budget: 3 });
        let message = "the call used up its 3 units of fuel";
        let object = json!({"error": {"kind": "out-of-fuel", "budget": 3, "message": message}});
        assert_eq!(error.to_json(), object);
    }
}
