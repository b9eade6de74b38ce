//! The command lines of `portcullis keygen`, `sign`, `verify` and `trust`.

use clap::{Args, Subcommand};
use portcullis_host_policy::trust::{IdPattern, PublicKey};
use std::num::NonZeroU32;
use std::path::PathBuf;
use toml_edit::Datetime;

/// Where the operator's trust is kept.
#[derive(Clone, Debug, Args)]
pub(crate) struct TrustArgs {
    /// The folder of trusted keys and of what was approved; else portcullis/trust in the user's own configuration.
    #[arg(
        long,
        value_name = "DIR",
        env = "PORTCULLIS_TRUST_DIR",
        help_heading = "Where trust is kept"
    )]
    pub(crate) trust_dir: Option<PathBuf>,
}

/// Where an author's secret keys are kept.
#[derive(Debug, Args)]
pub(crate) struct KeysArgs {
    /// The folder of secret keys; else portcullis/keys in the user's own configuration.
    #[arg(long, value_name = "DIR", env = "PORTCULLIS_KEYS_DIR")]
    pub(crate) keys_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct KeygenArgs {
    /// What the key is called: letters, digits, `_`, `-` and `.`.
    #[arg(value_parser = key_name)]
    pub(crate) name: String,

    /// Encrypt it with a passphrase: the one in PORTCULLIS_KEY_PASSPHRASE, else one that is asked for. Where that variable is
    /// set the key is encrypted without this option too.
    #[arg(long)]
    pub(crate) passphrase: bool,

    #[command(flatten)]
    pub(crate) keys: KeysArgs,
}

#[derive(Debug, Args)]
pub(crate) struct SignArgs {
    /// The plugin, as `portcullis build` makes it.
    pub(crate) file: PathBuf,

    /// The secret key: its name, or its file (with a `/`, or ending in .pem). The passphrase of an encrypted one is taken from
    /// PORTCULLIS_KEY_PASSPHRASE, else asked for.
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) key: String,

    #[command(flatten)]
    pub(crate) keys: KeysArgs,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 where enough trusted keys signed it, 4 where not; the others as `portcullis --help` lists them."
)]
pub(crate) struct VerifyArgs {
    /// The plugin; its signatures are in FILE.sig.
    pub(crate) file: PathBuf,

    #[command(flatten)]
    pub(crate) trust: TrustArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TrustCommand {
    /// Trust a key for some plugins.
    Add(Box<TrustAddArgs>),
    /// List the trusted keys, and how many of them it takes.
    List {
        #[command(flatten)]
        trust: TrustArgs,
    },
    /// Forget a key: as if it had never been trusted.
    Remove {
        /// Its id, or the first digits of it.
        key: String,
        #[command(flatten)]
        trust: TrustArgs,
    },
    /// Mark a key as lost: what it signed is not loaded any more, and a running host unloads it.
    Revoke {
        /// Its id, or the first digits of it.
        key: String,
        #[command(flatten)]
        trust: TrustArgs,
    },
    /// Say how many distinct trusted keys must have signed some plugins.
    Policy {
        /// Which: an id, a prefix such as `org.example.*`, or `*`.
        #[arg(required = true, value_name = "PATTERN")]
        plugins: Vec<IdPattern>,

        /// How many.
        #[arg(long, value_name = "NUMBER")]
        threshold: NonZeroU32,

        #[command(flatten)]
        trust: TrustArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct TrustAddArgs {
    /// The public key, as `keygen` prints it: ed25519:…
    pub(crate) key: PublicKey,

    /// Whose it is, for people.
    #[arg(long, value_name = "NAME")]
    pub(crate) owner: String,

    /// What it may sign: an id, a prefix such as `org.example.*`, or `*`; several, or again for each.
    #[arg(long, required = true, num_args = 1.., value_name = "PATTERN")]
    pub(crate) plugins: Vec<IdPattern>,

    /// From when on it counts: a date, or a time in UTC such as 2026-12-01T12:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub(crate) not_before: Option<Datetime>,

    /// Until when it counts for anything new.
    #[arg(long, value_name = "TIME")]
    pub(crate) not_after: Option<Datetime>,

    #[command(flatten)]
    pub(crate) trust: TrustArgs,
}

/// The name of a key is the name of a file.
fn key_name(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    if text.is_empty() || text.starts_with(['.', '-']) || !text.chars().all(plain) {
        return Err(
            "a key is called by letters, digits, `_`, `-` and `.`, a letter, digit or `_` first"
                .to_owned(),
        );
    }
    Ok(text.to_owned())
}
