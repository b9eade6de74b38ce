//! Any text is a capability or an error with a place in that text. A capability survives being written and read again,
//! and covers itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_host_policy::capability::Capability;

fuzz_target!(|text: &str| {
    match text.parse::<Capability>() {
        Ok(capability) => {
            let written = capability.to_string();
            let again: Capability = written.parse().expect("what was written can be read");
            assert_eq!(again, capability, "{text:?} was written as {written:?}");
            assert_eq!(again.to_string(), written);
            assert!(capability.covers(&again), "{written} does not cover itself");
        }
        Err(error) => {
            assert!(
                text.get(error.span.clone()).is_some(),
                "{:?} is no place in {text:?}",
                error.span
            );
            assert!(!error.report().is_empty());
        }
    }
});
