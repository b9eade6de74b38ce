//! `portcullis policy record`: one call, and the smallest grant that it would have needed.

use crate::args::{CallArgs, Format};
use crate::commands::call;
use crate::decided::{self, Decided, allow};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output;
use portcullis_host_core::{Capability, Error, Remedy};
use serde_json::{Value, json};

/// Calls the tool and prints what to grant. What the tool answers is not the point, and is not shown.
pub(crate) fn run(args: &CallArgs, format: Format, verbose: bool) -> Result<Exit, CliError> {
    let decided = Decided::default();
    let ended = call::record(args, &decided, format, verbose);
    // A plugin that could not be loaded has not tried anything.
    let ended = match ended {
        Err(error) if !matches!(error, CliError::Call { .. }) => return Err(error),
        ended => ended,
    };
    let recorded = Recorded::new(&decided);
    match format {
        Format::Json => output::json(&recorded.as_json())?,
        Format::Text => output::text(&recorded.as_text())?,
    }
    recorded.note(format);
    match ended {
        Err(CliError::Call { error, .. }) if !matches!(*error, Error::Denied { .. }) => {
            Err(CliError::Host(*error))
        }
        _ if recorded.is_complete => Ok(Exit::Done),
        _ => Ok(Exit::Denied),
    }
}

/// What a call needed.
struct Recorded {
    allow: Vec<Capability>,
    /// Slots to fill, as they stand on a command line.
    bind: Vec<String>,
    /// What no `--allow` gives.
    other: Vec<String>,
    denials: Vec<Value>,
    is_complete: bool,
}

impl Recorded {
    fn new(decided: &Decided) -> Self {
        let denials = decided.denials();
        let mut recorded = Self {
            allow: Vec::new(),
            bind: Vec::new(),
            other: Vec::new(),
            denials: denials.iter().map(decided::denial).collect(),
            is_complete: denials.is_empty(),
        };
        decided
            .used()
            .into_iter()
            .for_each(|used| recorded.add(used));
        for denial in denials {
            if denial.remedies.is_empty() {
                recorded
                    .other
                    .push(format!("no grant helps: {}", denial.reason));
            }
            for remedy in denial.remedies {
                match remedy {
                    Remedy::Allow(capability) => recorded.add(capability),
                    remedy @ Remedy::Bind { .. } => recorded.bind.push(remedy.to_string()),
                    remedy => recorded.other.push(format!("also needed: {remedy}")),
                }
            }
        }
        for list in [&mut recorded.bind, &mut recorded.other] {
            list.sort();
            list.dedup();
        }
        recorded.allow.sort();
        recorded
    }

    /// Adds what no other one covers, and takes out what it covers.
    fn add(&mut self, capability: Capability) {
        if !self.allow.iter().any(|had| had.covers(&capability)) {
            self.allow.retain(|had| !capability.covers(had));
            self.allow.push(capability);
        }
    }

    fn as_json(&self) -> Value {
        json!({
            "allow": self.allow,
            "bind": self.bind,
            "other": self.other,
            "denials": self.denials,
            "complete": self.is_complete,
        })
    }

    fn as_text(&self) -> String {
        let allow = self.allow.iter().map(allow);
        allow
            .chain(self.bind.iter().cloned())
            .map(|option| option + "\n")
            .collect()
    }

    fn note(&self, format: Format) {
        if format == Format::Json {
            return;
        }
        self.other
            .iter()
            .for_each(|line| output::note(&crate::escape::line(line)));
        if !self.is_complete {
            output::note(
                "something was denied, and may have ended the call: run it again with these options",
            );
        } else if self.allow.is_empty() {
            output::note("the call needs no grant");
        }
    }
}
