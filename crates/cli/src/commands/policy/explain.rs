//! `portcullis policy explain`: one decision, made by the function that makes them all.

use super::{grants, named};
use crate::args::{ExplainArgs, Format};
use crate::commands::describe::row;
use crate::decided;
use crate::error::CliError;
use crate::exit::Exit;
use crate::{host, output};
use portcullis_host_core::{Decision, Denial, Grants, Host, Request};
use portcullis_host_policy::decision::{decide, decide_address};
use portcullis_host_policy::request::{HttpRequest, RequestError};
use serde_json::{Value, json};

/// Says how the request would be decided. A denial is an answer too, with an exit code of its own.
pub(crate) fn run(args: &ExplainArgs, format: Format, verbose: bool) -> Result<Exit, CliError> {
    let session = host::start(&args.host, format, verbose)?;
    let (seen, grant) = session.run(named(session, &args.host, &args.file, &args.grant))?;
    let grants = grants(&seen, &grant, &session.settings);
    let (asked, decision) = match asked(args) {
        Ok(request) => {
            let decision = session.run(judge(&session.host, &grants, &request, args));
            (request.to_string(), decision)
        }
        // What the gate could not read it denies, and so does this.
        Err(error) => {
            let text = error.text.clone();
            (text, Decision::Deny(Box::new(Denial::from(error))))
        }
    };
    match format {
        Format::Json => output::json(&as_json(&asked, &decision))?,
        Format::Text => output::text(&as_text(&asked, &decision, args))?,
    }
    Ok(match decision {
        Decision::Allow(_) => Exit::Done,
        Decision::Deny(_) => Exit::Denied,
    })
}

/// The one request that the command line holds.
fn asked(args: &ExplainArgs) -> Result<Request, RequestError> {
    if let Some(target) = &args.connect {
        return Request::connect(target);
    }
    if let Some(name) = &args.lookup {
        return Ok(Request::Lookup(name.parse()?));
    }
    if let Some(capability) = &args.using {
        return Ok(Request::Use(capability.clone()));
    }
    let text = args.request.as_deref().unwrap_or_default();
    let (method, url) = text.split_once(' ').unwrap_or(("GET", text));
    Ok(Request::Http(HttpRequest::parse(method, url)?))
}

async fn judge(host: &Host, grants: &Grants, request: &Request, args: &ExplainArgs) -> Decision {
    match args.address {
        Some(address) => decide_address(grants, request, address, &*host.surroundings().await),
        None => decide(grants, request),
    }
}

fn as_json(asked: &str, decision: &Decision) -> Value {
    match decision {
        Decision::Allow(rule) => json!({ "request": asked, "decision": "allow", "rule": rule }),
        Decision::Deny(denial) => {
            let mut object = decided::denial(denial);
            object["request"] = asked.into();
            object["decision"] = "deny".into();
            object["guestCode"] = denial.code.guest().as_str().into();
            object
        }
    }
}

fn as_text(asked: &str, decision: &Decision, args: &ExplainArgs) -> String {
    let mut text = row("request", [asked]);
    match decision {
        Decision::Allow(rule) => {
            text += &row("decision", ["allowed"]);
            text += &row("rule", [rule.to_string()]);
            if args.address.is_none() && (args.request.is_some() || args.connect.is_some()) {
                text += &row(
                    "address",
                    ["judged once the name is looked up; --address judges one now"],
                );
            }
        }
        Decision::Deny(denial) => {
            let told = denial.code.guest().as_str();
            text += &row("decision", ["denied"]);
            text += &row(
                "code",
                [format!("{}; the plugin is told `{told}`", denial.code)],
            );
            text += &row("reason", [&denial.reason]);
            text += &row("remedy", denial.remedies.iter().map(ToString::to_string));
        }
    }
    text
}
