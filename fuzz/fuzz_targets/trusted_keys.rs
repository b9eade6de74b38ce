//! Any text is a file of trusted keys or a list of errors, each with a place in that text. A key that is read is found by
//! its id and reads back as it is written, patterns do so too, and every plugin takes one signature at least.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_fuzz::assert_places;
use portcullis_host_policy::trust::TrustedKeys;

fuzz_target!(|text: &str| {
    match TrustedKeys::parse(text) {
        Ok(trusted) => {
            for key in &trusted.keys {
                assert_eq!(trusted.get(&key.public.id()), Some(key));
                assert_eq!(key.public.to_string().parse(), Ok(key.public));
                for pattern in &key.plugins {
                    assert_eq!(pattern.to_string().parse().as_ref(), Ok(pattern));
                }
            }
            assert!(trusted.threshold(&"hello".parse().expect("an id")) > 0);
        }
        Err(errors) => assert_places(text, &errors),
    }
});
