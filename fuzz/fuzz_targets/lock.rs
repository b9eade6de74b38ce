//! Any text is a lock, which reads back as it was written and holds nothing that it approved, or a list of errors, each with
//! a place in that text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_fuzz::assert_places;
use portcullis_host_policy::trust::{Lock, Updates};

fuzz_target!(|text: &str| {
    match Lock::parse(text) {
        Ok(lock) => {
            assert_eq!(Lock::parse(&lock.to_string()).as_ref(), Ok(&lock));
            for (id, locked) in lock.iter() {
                assert_eq!(lock.holds(id, locked, Updates::Hold), []);
            }
        }
        Err(errors) => assert_places(text, &errors),
    }
});
