//! What must hold of keys, signatures, trusted keys, the lock and the surface, and what must never pass.

mod judge;
mod key;
mod lock;
mod signature;
mod surface;
mod trusted_keys;

use std::time::SystemTime;

use proptest::prelude::*;
use semver::Version;

use super::*;
use crate::document::{DocumentError, DocumentErrors};
use crate::{Digest, PluginId};

fn id(text: &str) -> PluginId {
    text.parse().expect("an id of these tests")
}

fn version(text: &str) -> Version {
    text.parse().expect("a version of these tests")
}

fn time(text: &str) -> SystemTime {
    humantime::parse_rfc3339(text).expect("a time of these tests")
}

/// A key of these tests, the same for the same number.
fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed([seed; 32])
}

/// Version 1.2.0 of `org.example.weather`.
fn weather() -> Statement {
    Statement {
        id: id("org.example.weather"),
        version: version("1.2.0"),
        digest: Digest::of(b"weather"),
    }
}

fn signed_by(statement: &Statement, keys: &[&SecretKey]) -> Signatures {
    let mut signatures = Signatures::default();
    keys.iter()
        .for_each(|key| signatures.add(key.sign(statement)));
    signatures
}

/// Line, column and message of everything that is wrong.
fn mistakes<T: std::fmt::Debug>(read: Result<T, DocumentErrors>) -> Vec<String> {
    let errors = read.expect_err("something is wrong with it");
    errors
        .errors()
        .iter()
        .map(DocumentError::to_string)
        .collect()
}

/// Versions with and without what may follow the three numbers.
fn versions() -> impl Strategy<Value = Version> {
    let text = r"[0-9]\.[0-9]\.[0-9](|-[a-z]{1,2}(\.[1-9])?)(|\+[a-z0-9]{1,3})";
    let text = proptest::string::string_regex(text).expect("a pattern of this file");
    text.prop_map(|text| version(&text))
}

fn ids() -> impl Strategy<Value = PluginId> {
    "[a-z]{1,3}(\\.[a-z0-9]{1,2}){0,2}".prop_map(|text| id(&text))
}

fn digests() -> impl Strategy<Value = Digest> {
    any::<u8>().prop_map(|byte| Digest::of(&[byte]))
}

fn statements() -> impl Strategy<Value = Statement> {
    (ids(), versions(), digests()).prop_map(|(id, version, digest)| Statement {
        id,
        version,
        digest,
    })
}
