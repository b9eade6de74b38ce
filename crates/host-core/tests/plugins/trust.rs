//! Signatures at a load: what counts, what doesn't, and that nothing is compiled of what can't be trusted.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use ed25519_dalek::Signer as _;
use portcullis_host_core::{AuditRecord, AuditSink, Error, Identity, Trust, TrustFolder, Verdict};
use portcullis_host_policy::trust::{
    Distrust, KeyFault, Lock, Signature, Threshold, TrustMode, TrustedKey, TrustedKeys,
};
use portcullis_test_artifacts::WELL_GREET;
use serde_json::json;

use crate::signed::*;
use crate::support::*;

async fn refused(path: &Path, trust: Trust) -> Distrust {
    match load_by(&host(), path, trust).await {
        Err(Error::Untrusted(distrust)) => distrust,
        other => panic!("{other:?}"),
    }
}

/// Why the only signature of a file does not count.
async fn fault(path: &Path, trust: Trust) -> KeyFault {
    match refused(path, trust).await {
        Distrust::NotEnough { faults, .. } => faults.into_iter().next().unwrap().1,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_signed_plugin_is_known_by_its_id_and_key_over_its_versions() {
    let host = host();
    let first = Placed::signed("1.0.0", &[&key(1)]);
    let second = Placed::signed("1.1.0", &[&key(1)]);
    let (first, second) = (
        load_by(&host, &first.path, trust()).await.unwrap(),
        load_by(&host, &second.path, trust()).await.unwrap(),
    );
    let key = key(1).public().id();
    assert_ne!(first.digest(), second.digest());
    assert_eq!(first.identity(), second.identity());
    assert_eq!(
        first.identity(),
        Identity::signed(&ID.parse().unwrap(), &key)
    );
    assert_eq!(first.signer(), Some(&key));
    assert_eq!(first.version().unwrap().to_string(), "1.0.0");
    let locked = second.locked();
    assert_eq!(locked.version.unwrap().to_string(), "1.1.0");
    assert_eq!((locked.key, locked.digest), (Some(key), *second.digest()));
    assert_eq!(locked.surface, first.surface().digest());
    assert_eq!(
        ask(&second, "greet", json!({"name": "Ada"})).await,
        "Hello, Ada!"
    );
}

#[tokio::test]
async fn the_key_that_was_approved_goes_on_where_several_signed() {
    let keys = [key(1), key(2), key(3)];
    let entries = keys.iter().map(|key| trusted(key, "*")).collect();
    let mut trust = trust_in(entries);
    let placed = Placed::signed("1.0.0", &[&keys[0], &keys[1], &keys[2]]);
    let host = host();
    for key in &keys {
        let first = load_by(&host, &placed.path, trust.clone()).await.unwrap();
        let mut lock = Lock::default();
        let mut locked = first.locked();
        locked.key = Some(key.public().id());
        lock.set(ID.parse().unwrap(), locked);
        trust.lock = Arc::new(lock);
        let plugin = load_by(&host, &placed.path, trust.clone()).await.unwrap();
        assert_eq!(plugin.signer(), Some(&key.public().id()));
    }
}

#[tokio::test]
async fn an_unsigned_file_with_a_trusted_plugins_id_is_refused() {
    let bytes = component(ID, "1.0.0");
    let placed = Placed::new(&bytes, &[]);
    assert_eq!(refused(&placed.path, trust()).await, Distrust::Unsigned);
    fs::remove_file(placed.sig()).unwrap();
    assert_eq!(refused(&placed.path, trust()).await, Distrust::Unsigned);
}

#[tokio::test]
async fn a_manifest_that_no_signature_covers_is_refused() {
    let bytes = fs::read(WELL_GREET).unwrap();
    let signature = key(1).sign(&statement(&bytes, ID, "1.0.0"));
    let placed = Placed::new(&bytes, &[signature]);
    assert_eq!(refused(&placed.path, trust()).await, Distrust::NoManifest);
    fs::write(placed.path.with_extension("toml"), manifest(ID, "1.0.0")).unwrap();
    assert_eq!(refused(&placed.path, trust()).await, Distrust::NotEmbedded);
}

#[tokio::test]
async fn a_manifest_section_that_is_there_twice_or_nested_is_refused_though_signed() {
    let plain = fs::read(WELL_GREET).unwrap();
    let once = component(ID, "1.0.0");
    let section = &once[plain.len()..];
    let twice = [&once[..], section].concat();
    let inner = [&b"\0asm\x0d\0\x01\0"[..], section].concat();
    let length = u8::try_from(inner.len())
        .ok()
        .filter(|length| *length < 128);
    let nested = [&once[..], &[4, length.unwrap()], &inner].concat();
    for bytes in [twice, nested] {
        let signature = key(1).sign(&statement(&bytes, ID, "1.0.0"));
        let placed = Placed::new(&bytes, &[signature]);
        let error = load_by(&host(), &placed.path, trust()).await.unwrap_err();
        assert!(matches!(error, Error::ManifestSection(_)), "{error}");
    }
}

#[tokio::test]
async fn a_manifest_beside_a_signed_component_changes_nothing_of_it() {
    let placed = Placed::signed("1.0.0", &[&key(1)]);
    fs::write(placed.path.with_extension("toml"), manifest(ID, "9.0.0")).unwrap();
    let error = load_by(&host(), &placed.path, trust()).await.unwrap_err();
    assert!(matches!(error, Error::ManifestTwice { .. }), "{error}");
}

#[tokio::test]
async fn a_signature_of_another_plugin_version_domain_or_other_bytes_does_not_count() {
    let bytes = component(ID, "1.0.0");
    let other = component(ID, "1.0.1");
    let own = statement(&bytes, ID, "1.0.0");
    let wrong = [
        statement(&bytes, "org.example.gree", "1.0.0"),
        statement(&bytes, ID, "1.0.1"),
        statement(&bytes, ID, "1.0.0+build"),
        statement(&other, ID, "1.0.0"),
    ];
    let mut signatures: Vec<_> = wrong.iter().map(|wrong| key(1).sign(wrong)).collect();
    let mut domain = own.to_bytes();
    domain[8 + "portcullis-signature-v".len()] = b'2';
    for message in [domain, own.digest.as_bytes().to_vec(), bytes.clone()] {
        signatures.push(Signature {
            key: key(1).public().id(),
            bytes: key(1).as_ref().sign(&message).to_bytes(),
        });
    }
    for signature in signatures {
        let placed = Placed::new(&bytes, &[signature]);
        assert_eq!(fault(&placed.path, trust()).await, KeyFault::Mismatch);
    }
    let placed = Placed::new(&bytes, &[key(1).sign(&own)]);
    load_by(&host(), &placed.path, trust()).await.unwrap();
}

#[tokio::test]
async fn a_revoked_expired_early_unknown_or_foreign_key_does_not_count() {
    let placed = Placed::signed("1.0.0", &[&key(1)]);
    let (now, hour) = (SystemTime::now(), Duration::from_secs(3600));
    let with = |change: fn(&mut TrustedKey, SystemTime, SystemTime)| {
        let mut entry = trusted(&key(1), "org.example.*");
        change(&mut entry, now - hour, now + hour);
        trust_in(vec![entry])
    };
    let past = with(|entry, past, _| entry.not_after = Some(past));
    for (trust, expected) in [
        (with(|entry, _, _| entry.revoked = true), KeyFault::Revoked),
        (past.clone(), KeyFault::Expired(now - hour)),
        (
            with(|entry, _, future| entry.not_before = Some(future)),
            KeyFault::NotYet(now + hour),
        ),
        (trust_in(Vec::new()), KeyFault::Unknown),
        (
            trust_in(vec![trusted(&key(1), "org.example.greet.*")]),
            KeyFault::OutOfScope,
        ),
    ] {
        assert_eq!(fault(&placed.path, trust).await, expected);
    }
    // What was approved while the key counted goes on; only the key's being lost ends that.
    let before = load_by(&host(), &placed.path, trust()).await.unwrap();
    let mut lock = Lock::default();
    lock.set(ID.parse().unwrap(), before.locked());
    let mut known = past;
    known.lock = Arc::new(lock);
    load_by(&host(), &placed.path, known.clone()).await.unwrap();
    let mut revoked = with(|entry, _, _| entry.revoked = true);
    revoked.lock = known.lock;
    assert_eq!(fault(&placed.path, revoked).await, KeyFault::Revoked);
}

#[tokio::test]
async fn a_threshold_takes_as_many_distinct_keys() {
    let mut trust = trust_in(vec![trusted(&key(1), "*"), trusted(&key(2), "*")]);
    let policies = vec![Threshold {
        plugins: vec![ID.parse().unwrap()],
        threshold: 2,
    }];
    let keys = trust.keys.keys.clone();
    trust.keys = Arc::new(TrustedKeys { keys, policies });
    let one = Placed::signed("1.0.0", &[&key(1)]);
    let strange = Placed::signed("1.0.0", &[&key(1), &key(3)]);
    for placed in [one, strange] {
        let refused = refused(&placed.path, trust.clone()).await;
        assert!(
            matches!(refused, Distrust::NotEnough { threshold: 2, .. }),
            "{refused}"
        );
    }
    let both = Placed::signed("1.0.0", &[&key(1), &key(2)]);
    load_by(&host(), &both.path, trust).await.unwrap();
}

#[tokio::test]
async fn a_warning_host_loads_it_as_unsigned_but_nothing_of_a_revoked_key() {
    let mut trust = trust();
    trust.mode = TrustMode::Warn;
    let placed = Placed::signed("1.0.0", &[&key(2)]);
    let plugin = load_by(&host(), &placed.path, trust.clone()).await.unwrap();
    assert_eq!(
        (plugin.signer(), plugin.identity()),
        (None, Identity::from(*plugin.digest()))
    );
    fs::write(placed.sig(), "not a file of signatures").unwrap();
    load_by(&host(), &placed.path, trust.clone()).await.unwrap();
    let placed = Placed::signed("1.0.0", &[&key(1)]);
    let mut lost = trusted(&key(1), "*");
    lost.revoked = true;
    trust.keys = trust_in(vec![lost]).keys;
    assert_eq!(fault(&placed.path, trust).await, KeyFault::Revoked);
}

#[cfg(unix)]
#[test]
fn keys_and_lock_that_others_can_write_are_refused() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let trust = TrustFolder::new(folder.path().join("trust"));
    trust
        .edit_keys(|_| Ok::<_, portcullis_host_core::TrustError>(String::new()))
        .unwrap();
    trust
        .update_lock(|lock| *lock = Some(Lock::default()))
        .unwrap();
    let lock = trust.path().join("plugins.lock");
    for path in [trust.keys_path(), lock] {
        let read = || trust.keys().map(drop).and(trust.lock().map(drop));
        read().unwrap();
        for mode in [0o666, 0o620, 0o602] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = read().unwrap_err().to_string();
            assert!(error.contains("chmod go-w"), "{mode:o}: {error}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        read().unwrap();
        let elsewhere = folder.path().join("elsewhere");
        fs::rename(&path, &elsewhere).unwrap();
        symlink(&elsewhere, &path).unwrap();
        read().unwrap_err();
        fs::rename(&elsewhere, &path).unwrap();
    }
}

/// A sink that keeps what it gets.
#[derive(Default)]
struct Records(Mutex<Vec<AuditRecord>>);

impl AuditSink for Records {
    fn record(&self, record: AuditRecord) {
        self.0.lock().unwrap().push(record);
    }
}

#[tokio::test]
async fn every_load_is_recorded_with_digest_and_key() {
    let records = Arc::new(Records::default());
    let host = builder().audit_sink(records.clone()).build().unwrap();
    let placed = Placed::signed("1.0.0", &[&key(1)]);
    let plugin = load_by(&host, &placed.path, trust()).await.unwrap();
    load_by(&host, &placed.path, trust_in(Vec::new()))
        .await
        .unwrap_err();
    let records = records.0.lock().unwrap();
    let [loaded, refused] = &records[..] else {
        panic!("{records:?}");
    };
    let details = loaded.load.as_ref().unwrap();
    assert_eq!(loaded.decision, Verdict::Allow);
    assert_eq!(loaded.identity, plugin.identity());
    assert_eq!(details.version.as_ref(), plugin.version());
    assert_eq!(details.digest, *plugin.digest());
    assert_eq!(details.key, Some(key(1).public().id()));
    assert_eq!(refused.decision, Verdict::Deny);
    assert_eq!(refused.load.as_ref().unwrap().digest, *plugin.digest());
    assert!(
        refused
            .reason
            .as_ref()
            .unwrap()
            .contains("trusted_keys.toml"),
        "{refused:?}"
    );
}
