//! One decision: the manifest asks for a hundred rules, the operator granted as many, and the last one matches.

use std::hint::black_box;

use portcullis_host_core::{Capability, CapabilitySet, Decision, Grant, Grants, Request};
use portcullis_host_policy::decision::decide;
use portcullis_host_policy::request::HttpRequest;
use wasmtime::error::Context;
use wasmtime::{Result, bail};

use crate::figures::Measured;
use crate::measure::{ROUNDS, current_thread, mean_us, median};

/// Rules of each set.
const RULES: usize = 100;

/// Decisions of one round.
const DECISIONS: u32 = 20_000;

pub(super) fn measure() -> Result<Vec<Measured>> {
    let rules: Vec<Capability> = (0..RULES)
        .map(|n| format!("http:GET,POST https://api{n}.example.com/v1/*").parse())
        .collect::<Result<_, _>>()?;
    let grant = Grant::from_caps(rules.clone());
    let grants = Grants::new(&CapabilitySet::Only(rules), &grant, &CapabilitySet::All);
    let last = format!("https://api{}.example.com/v1/users/7?a=b", RULES - 1);
    let allowed = Request::Http(HttpRequest::parse("GET", &last)?);
    let denied = Request::Http(HttpRequest::parse(
        "GET",
        "https://api.example.org/v1/users/7",
    )?);
    if decide(&grants, &denied).into_result().is_ok() {
        bail!("nobody granted {denied}");
    }
    let rule = decide(&grants, &allowed).into_result();
    rule.ok().context("the last rule allows it")?;

    let runtime = current_thread()?;
    let time = |request: &Request| {
        let once = async || {
            black_box::<Decision>(decide(black_box(&grants), black_box(request)));
            Ok(())
        };
        let rounds = (0..ROUNDS).map(|_| runtime.block_on(mean_us(DECISIONS, once)));
        rounds.collect::<Result<Vec<f64>>>().map(median)
    };
    let (allowed, denied) = (time(&allowed)?, time(&denied)?);
    let note = format!("allowed by the last rule {allowed:.2} µs, denied {denied:.2} µs");
    Ok(vec![Measured::new(
        "decision_us",
        allowed.max(denied),
        note,
    )])
}
