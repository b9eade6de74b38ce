//! The command line of `portcullis secret`, and where secrets are kept.

use super::TrustArgs;
use clap::{Args, Subcommand, ValueEnum};
use portcullis_host_core::secret::{Destination, DestinationError, Placement, SecretName};
use std::path::PathBuf;

/// The heading over where secrets are kept.
const KEPT: &str = "Where secrets are kept";

/// Where secrets are kept.
#[derive(Clone, Debug, Args)]
pub(crate) struct SecretsArgs {
    /// The folder of secrets and bindings; else portcullis/secrets in the user's own configuration.
    #[arg(long, value_name = "DIR", env = "PORTCULLIS_SECRETS_DIR", help_heading = KEPT)]
    pub(crate) secrets_dir: Option<PathBuf>,

    /// What keeps the values: an encrypted file in that folder – with the passphrase in PORTCULLIS_SECRETS_PASSPHRASE, else with
    /// a key file beside it – or the system's keyring.
    #[arg(
        long,
        alias = "store",
        value_enum,
        default_value_t,
        value_name = "STORE",
        env = "PORTCULLIS_SECRET_STORE",
        help_heading = KEPT
    )]
    pub(crate) secret_store: StoreKind,
}

/// What keeps the values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum StoreKind {
    #[default]
    File,
    Keyring,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    /// Keep a value, asked for or read from stdin. It is never shown, and never an argument.
    Set {
        /// What it is called: letters, digits, `_`, `-` and `.`.
        name: SecretName,
        #[command(flatten)]
        secrets: SecretsArgs,
    },
    /// Add a secret to requests of a plugin, which never sees it.
    Bind(BindArgs),
    /// Take bindings of a secret back; all of them, or those of one plugin or destination.
    Unbind(UnbindArgs),
    /// List names and bindings, without values.
    List {
        #[command(flatten)]
        secrets: SecretsArgs,
    },
    /// Forget a value and everything that it is bound to.
    Remove {
        /// What it is called.
        name: SecretName,
        #[command(flatten)]
        secrets: SecretsArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct BindArgs {
    /// The secret.
    pub(crate) name: SecretName,

    /// Whose requests: a plugin's file, another build of which is another plugin; the id of an installed plugin, which is the
    /// same as long as the same key signs it; or an identity (sha256:… or signed:…).
    #[arg(long, value_name = "FILE|ID|IDENTITY")]
    pub(crate) plugin: String,

    /// Which requests: methods (GET,HEAD where none is named) and an address, for example `POST https://api.example.com/v1/*`.
    #[arg(long, value_name = "REQUESTS", value_parser = destination)]
    pub(crate) to: Destination,

    /// Where in them: bearer, basic (a value user:password), header:NAME or query:NAME.
    #[arg(long = "as", value_name = "PLACE")]
    pub(crate) placement: Placement,

    #[command(flatten)]
    pub(crate) secrets: SecretsArgs,

    #[command(flatten)]
    pub(crate) trust: TrustArgs,
}

#[derive(Debug, Args)]
pub(crate) struct UnbindArgs {
    /// The secret.
    pub(crate) name: SecretName,

    /// Only for this plugin: its file, its id where it is installed, or its identity.
    #[arg(long, value_name = "FILE|ID|IDENTITY")]
    pub(crate) plugin: Option<String>,

    /// Only for these requests, as `secret list` shows them.
    #[arg(long, value_name = "REQUESTS", value_parser = destination)]
    pub(crate) to: Option<Destination>,

    #[command(flatten)]
    pub(crate) secrets: SecretsArgs,

    #[command(flatten)]
    pub(crate) trust: TrustArgs,
}

/// A destination; the error shows the place of the mistake, under clap's own line.
fn destination(text: &str) -> Result<Destination, String> {
    text.parse()
        .map_err(|error: DestinationError| format!("\n{}", error.report()))
}
