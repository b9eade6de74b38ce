//! Signatures at a load: what counts, what doesn't, and that nothing is compiled of what can't be trusted.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use ed25519_dalek::Signer as _;
use portcullis_host_core::{
    AuditRecord, AuditSink, Digest, Error, ErrorKind, Host, Identity, LoadOptions, Plugin, Trust,
    TrustFolder, Verdict,
};
use portcullis_host_policy::manifest::section;
use portcullis_host_policy::trust::{
    Distrust, KeyFault, Lock, SecretKey, Signature, Signatures, Statement, Threshold, TrustMode,
    TrustedKey, TrustedKeys,
};
use portcullis_test_artifacts::{CONTRACT_NEWER, WELL_GREET};
use serde_json::json;
use tempfile::TempDir;

use crate::support::*;

const ID: &str = "org.example.greet";

fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed([seed; 32])
}

/// An entry of trusted_keys.toml.
fn trusted(key: &SecretKey, plugins: &str) -> TrustedKey {
    TrustedKey {
        public: key.public(),
        owner: "Example".into(),
        plugins: vec![plugins.parse().unwrap()],
        not_before: None,
        not_after: None,
        revoked: false,
    }
}

fn trust_in(keys: Vec<TrustedKey>) -> Trust {
    let policies = Vec::new();
    Trust {
        mode: TrustMode::Required,
        keys: Arc::new(TrustedKeys { keys, policies }),
        lock: Arc::default(),
    }
}

/// Trust in key 1 for all of org.example.
fn trust() -> Trust {
    trust_in(vec![trusted(&key(1), "org.example.*")])
}

fn manifest(id: &str, version: &str) -> String {
    format!("[plugin]\nid = \"{id}\"\nversion = \"{version}\"\n")
}

fn component(id: &str, version: &str) -> Vec<u8> {
    section::embed(&fs::read(WELL_GREET).unwrap(), &manifest(id, version)).unwrap()
}

fn statement(bytes: &[u8], id: &str, version: &str) -> Statement {
    Statement {
        id: id.parse().unwrap(),
        version: version.parse().unwrap(),
        digest: Digest::of(bytes),
    }
}

/// A folder with `plugin.wasm` in it.
struct Placed {
    folder: TempDir,
    path: PathBuf,
}

impl Placed {
    /// These bytes, with these signatures.
    fn new(bytes: &[u8], signed: &[Signature]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plugin.wasm");
        fs::write(&path, bytes).unwrap();
        let mut signatures = Signatures::default();
        signed.iter().for_each(|one| signatures.add(one.clone()));
        fs::write(path.with_extension("wasm.sig"), signatures.to_string()).unwrap();
        Self { folder, path }
    }

    /// The guest as this version of org.example.greet, signed by these keys.
    fn signed(version: &str, keys: &[&SecretKey]) -> Self {
        let bytes = component(ID, version);
        let statement = statement(&bytes, ID, version);
        let signatures: Vec<_> = keys.iter().map(|key| key.sign(&statement)).collect();
        Self::new(&bytes, &signatures)
    }

    fn sig(&self) -> PathBuf {
        self.path.with_extension("wasm.sig")
    }
}

/// Loads a file by `trust`, and sees that nothing is compiled where it is refused.
async fn load_by(host: &Host, path: &Path, trust: Trust) -> Result<Plugin, Error> {
    let compiled = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&compiled);
    let before = host.stats();
    let options = LoadOptions {
        trust: Some(trust),
        on_compile: Some(Arc::new(move || {
            counter.fetch_add(1, Ordering::Relaxed);
        })),
        ..LoadOptions::default()
    };
    let loaded = host.load_with(path, options).await;
    if loaded.is_err() {
        let after = host.stats();
        assert_eq!(compiled.load(Ordering::Relaxed), 0);
        assert_eq!(
            (before.cache_hits, before.cache_misses),
            (after.cache_hits, after.cache_misses)
        );
    }
    loaded
}

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

#[tokio::test]
async fn every_flipped_bit_of_a_signature_is_refused() {
    let host = host();
    let placed = Placed::signed("1.0.0", &[&key(1)]);
    let text = fs::read_to_string(placed.sig()).unwrap();
    let right = Signatures::parse(&text).unwrap();
    let right = right.iter().next().unwrap();
    for bit in 0..64 * 8 {
        let mut flipped = right.clone();
        flipped.bytes[bit / 8] ^= 1 << (bit % 8);
        let mut signatures = Signatures::default();
        signatures.add(flipped);
        fs::write(placed.sig(), signatures.to_string()).unwrap();
        let error = load_by(&host, &placed.path, trust()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Untrusted, "bit {bit}: {error}");
    }
    // And of the file as it is written, whatever it then says.
    for bit in 0..text.len() * 8 {
        let mut bytes = text.clone().into_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(placed.sig(), bytes).unwrap();
        if load_by(&host, &placed.path, trust()).await.is_ok() {
            // A space that became another is all that may be.
            assert!(text.as_bytes()[bit / 8].is_ascii_whitespace(), "bit {bit}");
        }
    }
}

#[tokio::test]
async fn a_flipped_bit_of_component_or_manifest_is_refused() {
    let host = host();
    let placed = Placed::signed("1.0.0", &[&key(1)]);
    let whole = fs::read(&placed.path).unwrap();
    let manifest = fs::metadata(WELL_GREET).unwrap().len() as usize;
    // All of the manifest's section, and one bit in every so many of the rest.
    let step = manifest * 8 / 150;
    let bits = (0..manifest * 8).step_by(step);
    for bit in bits.chain(manifest * 8..whole.len() * 8) {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(&placed.path, bytes).unwrap();
        let loaded = load_by(&host, &placed.path, trust()).await;
        assert!(loaded.is_err(), "bit {bit}");
    }
}

#[tokio::test]
async fn a_file_of_signatures_that_can_t_be_used_says_so_where_it_matters() {
    let placed = Placed::signed("1.0.0", &[&key(1)]);
    let host = host();
    for (text, part) in [
        (b"[[signature]]\nkey = 1\n".to_vec(), "key"),
        (b"\xff\xfe".to_vec(), "UTF-8"),
        (vec![b'#'; 1 << 20], "signature-bytes"),
    ] {
        fs::write(placed.sig(), text).unwrap();
        let error = load_by(&host, &placed.path, trust()).await.unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
        // A person who names the file takes it as it is.
        host.load(placed.path.as_path(), Default::default())
            .await
            .unwrap();
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_pipe_in_the_place_of_a_file_is_refused_and_not_waited_for() {
    let placed = Placed::signed("1.0.0", &[&key(1)]);
    let make_pipe = |path: &Path| {
        fs::remove_file(path).unwrap();
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mkfifoat(rustix::fs::CWD, path, mode).unwrap();
    };
    make_pipe(&placed.sig());
    let error = load_by(&host(), &placed.path, trust()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
    make_pipe(&placed.path);
    let error = load_by(&host(), &placed.path, trust()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
}

#[tokio::test]
async fn a_component_that_is_swapped_once_it_was_read_changes_nothing() {
    let placed = Placed::signed("1.0.0", &[&key(1)]);
    let (path, sig) = (placed.path.clone(), placed.sig());
    let options = LoadOptions {
        trust: Some(trust()),
        // It was judged, and is about to be compiled.
        on_compile: Some(Arc::new(move || {
            fs::copy(CONTRACT_NEWER, &path).unwrap();
            fs::remove_file(&sig).unwrap();
        })),
        ..LoadOptions::default()
    };
    let digest = Digest::of(&fs::read(&placed.path).unwrap());
    let host = builder().no_cache().build().unwrap();
    let plugin = host
        .load_with(placed.path.as_path(), options)
        .await
        .unwrap();
    assert_ne!(Digest::of(&fs::read(&placed.path).unwrap()), digest);
    assert_eq!(*plugin.digest(), digest);
    assert_eq!(
        ask(&plugin, "greet", json!({"name": "Ada"})).await,
        "Hello, Ada!"
    );
}

fn lazily(trust: Trust) -> LoadOptions {
    LoadOptions {
        trust: Some(trust),
        lazy: true,
        ..LoadOptions::default()
    }
}

/// A host with a cache of its own that knows the plugin.
async fn knowing(placed: &Placed) -> (Host, PathBuf) {
    let cache = placed.folder.path().join("cache");
    let host = builder().cache_dir(&cache).build().unwrap();
    load_by(&host, &placed.path, trust()).await.unwrap();
    (host, cache)
}

fn remove_code(cache: &Path) {
    for file in fs::read_dir(cache).unwrap() {
        let path = file.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "cwasm")
        {
            fs::remove_file(path).unwrap();
        }
    }
}

#[tokio::test]
async fn a_lazy_load_knows_everything_and_links_with_the_first_call() {
    let placed = Placed::signed("1.0.0", &[&key(1)]);
    let (host, _) = knowing(&placed).await;
    let full = load_by(&host, &placed.path, trust()).await.unwrap();
    let lazy = host
        .load_with(placed.path.as_path(), lazily(trust()))
        .await
        .unwrap();
    assert!(lazy.from_cache());
    assert_eq!(lazy.tools(), full.tools());
    assert_eq!(lazy.locked(), full.locked());
    // What was read is enough: the file is not looked at again.
    fs::remove_file(&placed.path).unwrap();
    for _ in 0..2 {
        let answer = ask(&lazy, "greet", json!({"name": "Ada"})).await;
        assert_eq!(answer, "Hello, Ada!");
    }
}

#[tokio::test]
async fn a_lazy_load_judges_as_any_other() {
    let placed = Placed::signed("1.0.0", &[&key(2)]);
    let error = host()
        .load_with(placed.path.as_path(), lazily(trust()))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Untrusted);
}

#[tokio::test]
async fn code_that_is_gone_by_the_first_call_is_made_of_the_same_bytes_or_not_at_all() {
    let placed = Placed::signed("1.0.0", &[&key(1)]);
    let (host, cache) = knowing(&placed).await;
    let verified = fs::read(&placed.path).unwrap();
    let load = || host.load_with(placed.path.as_path(), lazily(trust()));
    let lazy = load().await.unwrap();
    remove_code(&cache);
    let other = component(ID, "1.0.1");
    let signature = key(1).sign(&statement(&other, ID, "1.0.1"));
    let mut signatures = Signatures::default();
    signatures.add(signature);
    fs::write(&placed.path, &other).unwrap();
    fs::write(placed.sig(), signatures.to_string()).unwrap();
    let arguments = json!({"name": "Ada"});
    let error = fail(&lazy, "greet", arguments.clone()).await;
    assert!(matches!(error, Error::Changed { .. }), "{error}");
    fs::write(&placed.path, verified).unwrap();
    assert_eq!(ask(&lazy, "greet", arguments).await, "Hello, Ada!");
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
