//! Any bytes are read for a manifest without a panic, and what is embedded is read back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_host_policy::manifest::section;

fuzz_target!(|input: (&str, &[u8])| {
    let (manifest, component) = input;
    let _ = section::read(component);
    if let Ok(with_manifest) = section::embed(component, manifest) {
        assert_eq!(
            section::read(&with_manifest).expect("one section"),
            Some(manifest)
        );
    }
});
