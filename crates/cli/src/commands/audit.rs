//! `portcullis audit`: what was decided, for which plugin, and by which rule.

use crate::args::{AuditCommand, Format, WantedArgs};
use crate::error::CliError;
use crate::escape;
use crate::output::{self, BAD, DIM, GOOD};
use futures::FutureExt as _;
use portcullis_host_core::{AuditLine, AuditReader, AuditRecord, AuditTail, JsonLines, Verdict};
use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often a trail that is followed is looked at. Nobody who watches sees a fifth of a second.
const INTERVAL: Duration = Duration::from_millis(200);

pub(crate) fn run(command: &AuditCommand, format: Format) -> Result<(), CliError> {
    match command {
        AuditCommand::Show { limit, wanted } => show(&folder(wanted)?, wanted, *limit, format),
        AuditCommand::Tail { limit, wanted } => tail(&folder(wanted)?, wanted, *limit, format),
    }
}

fn folder(wanted: &WantedArgs) -> Result<PathBuf, CliError> {
    let folder = wanted.audit_dir.clone().or_else(JsonLines::default_folder);
    folder.ok_or_else(|| {
        CliError::Usage("no home folder is known: name the trail's folder with --audit-dir".into())
    })
}

fn show(
    folder: &Path,
    wanted: &WantedArgs,
    limit: Option<usize>,
    format: Format,
) -> Result<(), CliError> {
    if format == Format::Text && !folder.is_dir() {
        output::note(&format!(
            "{DIM}nothing was recorded in {} yet{DIM:#}",
            folder.display()
        ));
    }
    match limit {
        Some(limit) => write(&last(folder, wanted, limit)?, format)?,
        None => {
            for line in AuditReader::open(folder, wanted.filter()).map_err(unreadable(folder))? {
                if !write(&[line.map_err(unreadable(folder))?], format)? {
                    break;
                }
            }
            true
        }
    };
    Ok(())
}

fn tail(folder: &Path, wanted: &WantedArgs, limit: usize, format: Format) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(CliError::Runtime)?;
    runtime.block_on(async {
        let mut interrupted = std::pin::pin!(tokio::signal::ctrl_c().fuse());
        // Followed before it is read, so that nothing is missed between the two; what is then seen twice is shown once.
        let mut follow = AuditTail::new(folder, wanted.filter()).map_err(unreadable(folder))?;
        let mut shown = last(folder, wanted, limit)?;
        let mut reading = write(&shown, format)?;
        while reading {
            if tokio::time::timeout(INTERVAL, &mut interrupted)
                .await
                .is_ok()
            {
                break;
            }
            let mut lines = follow.poll().map_err(unreadable(folder))?;
            lines.retain(|line| !shown.contains(line));
            shown.clear();
            reading = write(&lines, format)?;
        }
        Ok(())
    })
}

/// The last lines that are wanted.
fn last(folder: &Path, wanted: &WantedArgs, limit: usize) -> Result<Vec<AuditLine>, CliError> {
    let mut last = VecDeque::new();
    for line in AuditReader::open(folder, wanted.filter()).map_err(unreadable(folder))? {
        last.push_back(line.map_err(unreadable(folder))?);
        if last.len() > limit {
            last.pop_front();
        }
    }
    Ok(last.into())
}

fn unreadable(folder: &Path) -> impl Fn(io::Error) -> CliError {
    move |source| CliError::Audit {
        folder: folder.to_owned(),
        source,
    }
}

/// Writes lines. False: nobody reads them any more.
fn write(lines: &[AuditLine], format: Format) -> Result<bool, CliError> {
    for line in lines {
        let text = match format {
            Format::Text => as_text(line),
            Format::Json => {
                let document = serde_json::to_string(line).map_err(io::Error::from);
                escape::json(&document.map_err(CliError::Stdout)?).into_owned()
            }
        };
        if !output::line(&text)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// `TIME  DECISION  PLUGIN  REQUEST  RULE OR REASON`
fn as_text(line: &AuditLine) -> String {
    let time = humantime::format_rfc3339_millis(line.time());
    match line {
        AuditLine::Record(record) => {
            let plugin = escape::line(&record.plugin);
            let request = escape::line(&record.request);
            format!(
                "{DIM}{time}{DIM:#}  {}  {plugin:<16}  {request}  {}",
                decision(record.decision),
                grounds(record)
            )
        }
        AuditLine::Dropped(dropped) => format!(
            "{DIM}{time}{DIM:#}  {}  {BAD}{} records are missing here: they could not be written in time{BAD:#}",
            decision(dropped.decision),
            dropped.dropped
        ),
        _ => String::new(),
    }
}

fn decision(decision: Verdict) -> String {
    match decision {
        Verdict::Allow => format!("{GOOD}allow{GOOD:#}"),
        Verdict::Deny => format!("{BAD}deny{BAD:#} "),
    }
}

fn grounds(record: &AuditRecord) -> String {
    let rule = record.rule.iter().map(|rule| format!("by {rule}"));
    let key = record.load.iter().filter_map(|load| load.key);
    let key = key.map(|key| format!("signed by {key}"));
    let code = record.code.iter().map(|code| format!("{code}:"));
    let reason = record.reason.iter().cloned();
    let bytes = record.http.iter().filter_map(|http| {
        let (sent, received) = (http.bytes_out?, http.bytes_in?);
        Some(format!("({sent} bytes out, {received} in)"))
    });
    let times = (record.count > 1).then(|| format!("×{}", record.count));
    let parts: Vec<_> = rule
        .chain(key)
        .chain(code)
        .chain(reason)
        .chain(bytes)
        .chain(times)
        .collect();
    format!("{DIM}{}{DIM:#}", escape::line(&parts.join(" ")))
}
