//! A host with an interface of its own: `own-interface PLUGIN.wasm TOOL ARGUMENTS [--grant]` calls a tool of a plugin that imports
//!
//! ```wit
//! package acme:billing@1.0.0;
//!
//! interface invoices {
//!   total: func(month: string) -> result<u64, string>;
//! }
//! ```
//!
//! A plugin that was not granted `host:billing` links all the same, and is told `denied` when it calls.

use std::error::Error;

use portcullis_host_core::{Grant, Host, HostInterface, HostResult, ServiceCaller};

/// What this program knows, and plugins may ask.
const INVOICES: [(&str, u64); 2] = [("2026-10", 3_150), ("2026-11", 4_200)];

/// The sum of a month's invoices, in cents.
async fn total(_: ServiceCaller, (month,): (String,)) -> HostResult<u64> {
    let found = INVOICES.iter().find(|(known, _)| *known == month);
    found
        .map(|(_, cents)| *cents)
        .ok_or_else(|| format!("there are no invoices of {month}; ask for a month such as 2026-11"))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [file, tool, arguments, rest @ ..] = words.as_slice() else {
        return Err("say which: own-interface PLUGIN.wasm TOOL ARGUMENTS [--grant]".into());
    };
    let capability = "host:billing".parse()?;
    let mut grant = Grant::none();
    if rest.iter().any(|word| word == "--grant") {
        grant = grant.allow("host:billing".parse()?);
    }
    let invoices =
        HostInterface::new("acme:billing/invoices@1.0.0", capability).function("total", total);
    let host = Host::builder()
        .max_in_flight(1)
        .interface(invoices)
        .build()?;
    let plugin = host.load(file.as_str(), grant).await?;
    let arguments = serde_json::from_str(arguments)?;
    let output = plugin.call(tool, arguments, Default::default()).await?;
    println!("{}", output.text());
    Ok(())
}
