//! `portcullis mcp token`: who may use plugins over HTTP.

use super::tokens;
use crate::args::{Format, Lifetime, TokenCommand, TokenCreateArgs, TokensArgs};
use crate::error::CliError;
use crate::output::{self, BAD, HEADING};
use portcullis_mcp::http::{TokenName, TokenRecord, TokenStatus, TokenTerms};
use serde_json::{Value, json};
use std::time::SystemTime;

pub(super) fn run(command: &TokenCommand, format: Format) -> Result<(), CliError> {
    match command {
        TokenCommand::Create(args) => create(args, format),
        TokenCommand::List { tokens } => list(tokens, format),
        TokenCommand::Revoke { name, tokens } => revoke(name, tokens, format),
    }
}

fn create(args: &TokenCreateArgs, format: Format) -> Result<(), CliError> {
    let expires = match args.expires {
        Lifetime::Unlimited => None,
        Lifetime::For(time) => Some(end(time)?),
    };
    let terms = TokenTerms {
        name: args.name.clone(),
        expires,
        plugins: (!args.all).then(|| args.plugins.iter().cloned().collect()),
        tools: (!args.tools.is_empty()).then(|| args.tools.clone()),
        metrics: args.metrics,
    };
    let token = tokens(&args.tokens)?.create(terms)?;
    if format == Format::Text {
        output::note(&format!(
            "the token {} is shown this once; clients send it as `Authorization: Bearer TOKEN`",
            args.name
        ));
    }
    let document = json!({
        "name": args.name.as_str(), "token": token.reveal(), "expires": expires.map(written),
    });
    output::said(format, &document, token.reveal())
}

/// When a time from now is over.
fn end(time: std::time::Duration) -> Result<SystemTime, CliError> {
    // What is written has four digits for the year.
    let latest = humantime::parse_rfc3339("9999-12-31T23:59:59Z").unwrap_or(SystemTime::UNIX_EPOCH);
    let end = SystemTime::now().checked_add(time);
    end.filter(|end| *end <= latest).ok_or_else(|| {
        CliError::Usage("--expires: that is beyond the calendar; write never".to_owned())
    })
}

fn revoke(name: &TokenName, place: &TokensArgs, format: Format) -> Result<(), CliError> {
    tokens(place)?.revoke(name)?;
    let text = format!("revoked: {name}; a server that runs ends its sessions");
    output::said(format, &json!({ "revoked": name.as_str() }), &text)
}

fn list(place: &TokensArgs, format: Format) -> Result<(), CliError> {
    let tokens = tokens(place)?.read()?;
    match format {
        Format::Json => {
            let tokens: Vec<_> = tokens.records().iter().map(as_json).collect();
            output::json(&json!({ "tokens": tokens }))
        }
        Format::Text if tokens.records().is_empty() => output::text(
            "nobody may use plugins over HTTP; `portcullis mcp token create` lets somebody",
        ),
        Format::Text => output::text(&tokens.records().iter().map(as_text).collect::<String>()),
    }
}

fn status(record: &TokenRecord) -> &'static str {
    match record.status(SystemTime::now()) {
        TokenStatus::Counts => "counts",
        TokenStatus::Expired => "expired",
    }
}

fn as_json(record: &TokenRecord) -> Value {
    let terms = &record.terms;
    let tools = terms.tools.as_ref();
    let tools = tools.map(|tools| tools.iter().map(ToString::to_string).collect::<Vec<_>>());
    json!({
        "name": terms.name.as_str(),
        "created": written(record.created),
        "expires": terms.expires.map(written),
        "status": status(record),
        "plugins": terms.plugins,
        "tools": tools,
        "metrics": terms.metrics,
    })
}

fn as_text(record: &TokenRecord) -> String {
    let terms = &record.terms;
    let expired = match status(record) {
        "expired" => format!(" {BAD}expired{BAD:#}"),
        _ => String::new(),
    };
    let mut text = format!("{HEADING}{}{HEADING:#}{expired}\n", terms.name);
    match &terms.plugins {
        None => text += "  for all plugins\n",
        Some(plugins) => {
            for plugin in plugins {
                text += &format!("  for {plugin}\n");
            }
        }
    }
    for tool in terms.tools.iter().flatten() {
        text += &format!("    {tool}\n");
    }
    if terms.metrics {
        text += "  for metrics\n";
    }
    text += &match terms.expires {
        Some(expires) => format!("  until {}\n", written(expires)),
        None => "  until it is revoked\n".to_owned(),
    };
    text
}

fn written(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}
