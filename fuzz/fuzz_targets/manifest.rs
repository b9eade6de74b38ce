//! Any text is a manifest or a list of errors, each with a place in that text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_fuzz::assert_places;
use portcullis_host_policy::manifest::Manifest;

fuzz_target!(|text: &str| {
    match Manifest::parse(text) {
        Ok(manifest) => assert!(manifest.to_json().is_object()),
        Err(errors) => assert_places(text, &errors),
    }
});
