//! The command line of `portcullis audit`.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::{Args, Subcommand, ValueEnum};
use portcullis_host_core::{AuditFilter, DenyCode, Verdict};

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Show what was decided, the oldest first.
    Show {
        /// Only the last so many.
        #[arg(long, value_name = "NUMBER")]
        limit: Option<usize>,

        #[command(flatten)]
        wanted: WantedArgs,
    },
    /// Show the last decisions, and further ones as they are made, until Ctrl-C.
    Tail {
        /// How many of the last.
        #[arg(long, value_name = "NUMBER", default_value_t = 10)]
        limit: usize,

        #[command(flatten)]
        wanted: WantedArgs,
    },
}

/// Which decisions are wanted, and where they are.
#[derive(Debug, Args)]
pub(crate) struct WantedArgs {
    /// Only this plugin's, by the id that it claims or by its identity (sha256:… or signed:…).
    #[arg(long, value_name = "ID")]
    plugin: Option<String>,

    /// Only allowances, or only denials.
    #[arg(long, value_enum)]
    decision: Option<Decided>,

    /// Only denials with this code, for example not-granted.
    #[arg(long)]
    code: Option<DenyCode>,

    /// Only this kind: http, tcp, lookup, fs, env, secret, state, …
    #[arg(long, value_name = "WORD")]
    capability: Option<String>,

    /// Only this call's.
    #[arg(long, value_name = "CALL")]
    call: Option<String>,

    /// Only from then on: so long ago, for example 1h, or a time such as 2026-11-21T09:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<SystemTime>,

    /// Where the record of every decision is written; else the user's own state folder.
    #[arg(long, value_name = "DIR", env = "PORTCULLIS_AUDIT_DIR")]
    pub(crate) audit_dir: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Decided {
    Allow,
    Deny,
}

impl WantedArgs {
    pub(crate) fn filter(&self) -> AuditFilter {
        let mut filter = AuditFilter::default();
        filter.plugin = self.plugin.clone();
        filter.decision = self.decision.map(|decision| match decision {
            Decided::Allow => Verdict::Allow,
            Decided::Deny => Verdict::Deny,
        });
        filter.code = self.code;
        filter.capability = self.capability.clone();
        filter.call = self.call.clone();
        filter.since = self.since;
        filter
    }
}

fn time(text: &str) -> Result<SystemTime, String> {
    let ago = |duration: Duration| SystemTime::now().checked_sub(duration);
    let ago = humantime::parse_duration(text).ok().and_then(ago);
    ago.or_else(|| humantime::parse_rfc3339(text).ok())
        .ok_or_else(|| {
            "give how long ago, as 90s, 1h or 2days, or a time as 2026-11-21T09:00:00Z".to_owned()
        })
}
