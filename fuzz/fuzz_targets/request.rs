//! Whatever a rule allows, other parsers read as something under that rule; what is refused has a place in the text.
#![no_main]

#[path = "../../crates/host-policy/tests/oracle/mod.rs"]
mod oracle;

use libfuzzer_sys::fuzz_target;
use portcullis_host_policy::capability::Capability;
use portcullis_host_policy::request::HttpRequest;

fuzz_target!(|input: (&str, &str)| {
    let (rule, url) = input;
    if let Err(error) = HttpRequest::parse("GET", url) {
        assert!(
            error.text.get(error.span.clone()).is_some(),
            "{:?} is no place in {url:?}",
            error.span
        );
        assert!(!error.report().is_empty());
    }
    for rule in oracle::RULES.into_iter().chain([rule]) {
        if let Ok(rule) = rule.parse::<Capability>() {
            oracle::hold(&rule, "GET", url);
        }
    }
});
