//! Any text is a file of signatures, which reads back as it was written, or a list of errors, each with a place in that
//! text. None is a signature of what a trusted key never signed.
#![no_main]

use std::time::SystemTime;

use libfuzzer_sys::fuzz_target;
use portcullis_fuzz::assert_places;
use portcullis_host_policy::Digest;
use portcullis_host_policy::trust::{
    Candidate, IdPattern, SecretKey, Signatures, Statement, TrustMode, TrustedKey, TrustedKeys,
    judge,
};

fuzz_target!(|text: &str| {
    match Signatures::parse(text) {
        Ok(signatures) => {
            let written = signatures.to_string();
            assert_eq!(Signatures::parse(&written).as_ref(), Ok(&signatures));
            assert_not_trusted(&signatures);
        }
        Err(errors) => assert_places(text, &errors),
    }
});

fn assert_not_trusted(signatures: &Signatures) {
    let key = TrustedKey {
        public: SecretKey::from_seed([7; 32]).public(),
        owner: String::new(),
        plugins: vec![IdPattern::All],
        not_before: None,
        not_after: None,
        revoked: false,
    };
    let trusted = TrustedKeys {
        keys: vec![key],
        policies: Vec::new(),
    };
    let statement = Statement {
        id: "hello".parse().expect("an id"),
        version: "1.0.0".parse().expect("a version"),
        digest: Digest::of(b"never signed"),
    };
    let candidate = Candidate {
        statement: Some(&statement),
        signatures,
        embedded: true,
        known: false,
    };
    let judged = judge(
        TrustMode::Required,
        &trusted,
        &candidate,
        SystemTime::UNIX_EPOCH,
    );
    assert!(judged.is_err(), "{signatures}");
}
