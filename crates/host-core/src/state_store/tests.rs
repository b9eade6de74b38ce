use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use proptest::prelude::*;

use super::*;

const ONE: Identity = Identity::Digest([1; 32]);
const OTHER: Identity = Identity::Signed([1; 32]);

fn write(key: &str, value: &[u8]) -> StateWrite {
    StateWrite {
        key: key.to_owned(),
        value: value.to_owned(),
        expected: None,
        quota: 10_000,
    }
}

fn over(version: &str, write: StateWrite) -> StateWrite {
    StateWrite {
        expected: Some(version.to_owned()),
        ..write
    }
}

fn only_file(folder: &Path) -> PathBuf {
    let mut files = fs::read_dir(folder).unwrap();
    let file = files.next().unwrap().unwrap().path();
    assert!(files.next().is_none(), "one file an identity");
    file
}

/// Runs a test on every store.
macro_rules! on_both_stores {
    ($($name:ident($store:ident) $body:block)*) => {$(
        mod $name {
            use super::*;

            async fn test($store: &dyn StateStore) $body

            #[tokio::test]
            async fn in_memory() {
                test(&MemoryState::default()).await;
            }

            #[tokio::test]
            async fn in_files() {
                let folder = tempfile::tempdir().unwrap();
                test(&FileState::new(folder.path().join("state"))).await;
            }
        }
    )*};
}

on_both_stores! {
    what_was_set_is_there_until_it_is_deleted(store) {
        assert_eq!(store.get(ONE, "a").await.unwrap(), None);
        store.delete(ONE, "a").await.unwrap();
        let version = store.set(ONE, write("a", b"1")).await.unwrap();
        let entry = StateEntry { value: b"1".to_vec(), version };
        assert_eq!(store.get(ONE, "a").await.unwrap(), Some(entry));
        store.delete(ONE, "a").await.unwrap();
        assert_eq!(store.get(ONE, "a").await.unwrap(), None);
    }

    keys_come_in_byte_order_under_their_prefix(store) {
        for key in ["b/2", "a", "b/10", "ä", "b"] {
            store.set(ONE, write(key, b"")).await.unwrap();
        }
        assert_eq!(store.keys(ONE, "", 9).await.unwrap(), ["a", "b", "b/10", "b/2", "ä"]);
        assert_eq!(store.keys(ONE, "b/", 9).await.unwrap(), ["b/10", "b/2"]);
        assert_eq!(store.keys(ONE, "b", 2).await.unwrap(), ["b", "b/10"]);
        assert_eq!(store.keys(ONE, "c", 9).await.unwrap(), [""; 0]);
        assert_eq!(store.keys(ONE, "", 0).await.unwrap(), [""; 0]);
    }

    a_conditional_write_needs_what_it_expects(store) {
        let absent = over("1", write("a", b"1"));
        assert!(matches!(store.set(ONE, absent).await, Err(StateError::Conflict)));
        let first = store.set(ONE, over("", write("a", b"1"))).await.unwrap();
        let again = over("", write("a", b"2"));
        assert!(matches!(store.set(ONE, again).await, Err(StateError::Conflict)));
        let second = store.set(ONE, over(&first, write("a", b"2"))).await.unwrap();
        let stale = over(&first, write("a", b"3"));
        assert!(matches!(store.set(ONE, stale).await, Err(StateError::Conflict)));
        assert_ne!(first, second);
        assert_eq!(store.get(ONE, "a").await.unwrap().unwrap().value, b"2");
    }

    a_version_is_never_given_twice(store) {
        let mut versions = BTreeSet::new();
        for _ in 0..5 {
            assert!(versions.insert(store.set(ONE, write("a", b"1")).await.unwrap()));
            store.delete(ONE, "a").await.unwrap();
        }
    }

    the_quota_counts_keys_values_and_entries(store) {
        let fitting = StateWrite { quota: 100, ..write("key", &[0; 65]) };
        store.set(ONE, fitting.clone()).await.unwrap();
        let more = StateWrite { quota: 100, ..write("b", b"") };
        let error = store.set(ONE, more.clone()).await.unwrap_err();
        assert!(matches!(error, StateError::QuotaExceeded { quota: 100 }), "{error}");
        let smaller = StateWrite { value: Vec::new(), ..fitting };
        let lowered = StateWrite { quota: 1, ..smaller };
        store.set(ONE, lowered).await.unwrap();
        store.set(ONE, more).await.unwrap();
        store.set(OTHER, write("key", &[0; 65])).await.unwrap();
    }

    keys_and_values_have_a_largest_size(store) {
        for (key, bytes) in [(String::new(), 0), ("k".repeat(1_025), 0), ("k".into(), VALUE_BYTES + 1)] {
            let large = StateWrite { quota: u64::MAX, ..write(&key, &vec![0; bytes]) };
            let error = store.set(ONE, large).await.unwrap_err();
            assert!(matches!(error, StateError::Invalid { .. }), "{error}");
        }
        assert!(store.get(ONE, "").await.is_err() && store.delete(ONE, "").await.is_err());
        let largest = StateWrite { quota: u64::MAX, ..write(&"k".repeat(1_024), &vec![7; VALUE_BYTES]) };
        store.set(ONE, largest).await.unwrap();
        assert_eq!(store.get(ONE, &"k".repeat(1_024)).await.unwrap().unwrap().value.len(), VALUE_BYTES);
    }

    identities_see_nothing_of_each_other(store) {
        store.set(ONE, write("a", b"mine")).await.unwrap();
        assert_eq!(store.get(OTHER, "a").await.unwrap(), None);
        assert_eq!(store.keys(OTHER, "", 9).await.unwrap(), [""; 0]);
        store.delete(OTHER, "a").await.unwrap();
        store.set(OTHER, over("", write("a", b"theirs"))).await.unwrap();
        assert_eq!(store.get(ONE, "a").await.unwrap().unwrap().value, b"mine");
    }
}

#[derive(Clone, Debug)]
enum Step {
    Get(String),
    Set(String, Vec<u8>, Expected),
    Delete(String),
    Keys(String, u32),
    Reopen,
}

#[derive(Clone, Debug)]
enum Expected {
    Anything,
    Nothing,
    Present,
    Version(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = || "[ab]{1,2}";
    let expected = prop_oneof![
        3 => Just(Expected::Anything),
        1 => Just(Expected::Nothing),
        2 => Just(Expected::Present),
        1 => (0..9_u8).prop_map(Expected::Version),
    ];
    let value = proptest::collection::vec(any::<u8>(), 0..60);
    let step = prop_oneof![
        2 => key().prop_map(Step::Get),
        5 => (key(), value, expected).prop_map(|(key, value, expected)| Step::Set(key, value, expected)),
        2 => key().prop_map(Step::Delete),
        1 => ("[ab]?", 0..5_u32).prop_map(|(prefix, limit)| Step::Keys(prefix, limit)),
        1 => Just(Step::Reopen),
    ];
    proptest::collection::vec(step, 1..24)
}

/// What a store answers to a step, as text.
async fn answer(store: &dyn StateStore, step: &Step) -> String {
    match step {
        Step::Get(key) => format!("{:?}", store.get(ONE, key).await),
        Step::Delete(key) => format!("{:?}", store.delete(ONE, key).await),
        Step::Keys(prefix, limit) => format!("{:?}", store.keys(ONE, prefix, *limit).await),
        Step::Reopen => String::new(),
        Step::Set(key, value, expected) => {
            let present = store.get(ONE, key).await.unwrap();
            let expected = match expected {
                Expected::Anything => None,
                Expected::Nothing => Some(String::new()),
                Expected::Present => present.map(|entry| entry.version),
                Expected::Version(version) => Some(version.to_string()),
            };
            let write = StateWrite {
                expected,
                quota: 200,
                ..write(key, value)
            };
            format!("{:?}", store.set(ONE, write).await)
        }
    }
}

proptest! {
    // Each write waits for the disk.
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn both_stores_answer_the_same_whenever_one_is_reopened(steps in steps()) {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("state");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (memory, mut files) = (MemoryState::default(), FileState::new(&folder));
        for step in steps {
            if matches!(step, Step::Reopen) {
                files = FileState::new(&folder);
            }
            let (kept, lasting) = runtime.block_on(async { (answer(&memory, &step).await, answer(&files, &step).await) });
            prop_assert_eq!(kept, lasting, "{:?}", step);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hosts_on_one_folder_lose_no_write() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("state");
    let count = async || {
        let store = FileState::new(&folder).waiting(Duration::from_secs(60));
        for _ in 0..10 {
            loop {
                let present = store.get(ONE, "n").await.unwrap();
                let (n, version) =
                    present.map_or((0, String::new()), |entry| (entry.value[0], entry.version));
                match store.set(ONE, over(&version, write("n", &[n + 1]))).await {
                    Ok(_) => break,
                    Err(StateError::Conflict) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        }
    };
    tokio::join!(count(), count());
    let counted = FileState::new(&folder)
        .get(ONE, "n")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(counted.value, [20]);
}

#[tokio::test]
async fn a_file_that_another_process_holds_is_unavailable_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("state");
    let store = FileState::new(&folder).waiting(Duration::ZERO);
    store.set(ONE, write("a", b"1")).await.unwrap();
    let held = ::redb::Database::open(only_file(&folder)).unwrap();
    for error in [
        store.get(ONE, "a").await.unwrap_err(),
        store.set(ONE, write("a", b"2")).await.unwrap_err(),
    ] {
        assert!(matches!(error, StateError::Unavailable { .. }), "{error}");
    }
    store
        .set(OTHER, write("a", b"1"))
        .await
        .expect("another's file");
    drop(held);
    assert_eq!(store.get(ONE, "a").await.unwrap().unwrap().value, b"1");
}

#[cfg(unix)]
#[tokio::test]
async fn folder_and_files_are_this_user_s_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("state");
    let store = FileState::new(&folder);
    assert_eq!(store.get(ONE, "a").await.unwrap(), None);
    assert!(!folder.exists(), "nothing is made to find nothing");
    store.set(ONE, write("a", b"1")).await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&only_file(&folder))), (0o700, 0o600));
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    let error = store.get(ONE, "a").await.unwrap_err();
    assert!(error.to_string().contains("chmod 700"), "{error}");
}

/// Set for a child process: the folder in which it writes until it is killed.
const WRITER: &str = "PORTCULLIS_TEST_STATE_WRITER";

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_kill() {
    if let Some(folder) = std::env::var_os(WRITER) {
        return write_until_killed(&FileState::new(folder)).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("state");
    for round in 1..=3 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "state_store::tests::what_was_acknowledged_is_there_after_a_kill",
                "--nocapture",
            ])
            .env(WRITER, &folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap);
        let mut acknowledged = lines
            .by_ref()
            .filter_map(|line| line.strip_prefix("wrote ")?.parse::<u64>().ok());
        let first = acknowledged.by_ref().take(5 * round).last().unwrap();
        child.kill().unwrap();
        let last = acknowledged.last().unwrap_or(first);
        child.wait().unwrap();
        let store = FileState::new(&folder);
        for n in 0..=last {
            let entry = store.get(ONE, &format!("n{n}")).await.unwrap();
            assert_eq!(
                entry.expect("acknowledged").value,
                n.to_le_bytes(),
                "{n} of {last}"
            );
        }
    }
}

async fn write_until_killed(store: &FileState) {
    let there = store.keys(ONE, "", u32::MAX).await.unwrap().len() as u64;
    for n in there.. {
        store
            .set(ONE, write(&format!("n{n}"), &n.to_le_bytes()))
            .await
            .unwrap();
        let mut out = std::io::stdout();
        writeln!(out, "wrote {n}")
            .and_then(|()| out.flush())
            .unwrap();
    }
}

/// A file with thirty entries.
async fn written(folder: &Path) -> (PathBuf, Vec<u8>) {
    let store = FileState::new(folder);
    for n in 0..30_u8 {
        store
            .set(ONE, write(&format!("key {n}"), &[n; 100]))
            .await
            .unwrap();
    }
    let file = only_file(folder);
    let bytes = fs::read(&file).unwrap();
    (file, bytes)
}

#[tokio::test]
async fn a_file_that_is_none_is_an_error_with_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("state");
    let (file, whole) = written(&folder).await;
    let store = FileState::new(&folder);
    for bytes in [&b""[..], b"garbage", &[0; 5_000], &whole[..whole.len() / 2]] {
        fs::write(&file, bytes).unwrap();
        for error in [
            store.get(ONE, "key 1").await.unwrap_err(),
            store.keys(ONE, "", 9).await.unwrap_err(),
            store.set(ONE, write("key 1", b"")).await.unwrap_err(),
            store.delete(ONE, "key 1").await.unwrap_err(),
        ] {
            assert!(
                matches!(&error, StateError::Damaged { path, .. } if *path == file),
                "{error}"
            );
            assert!(error.to_string().contains("move it away"), "{error}");
        }
    }
    fs::remove_file(&file).unwrap();
    assert_eq!(store.get(ONE, "key 1").await.unwrap(), None);
}

#[tokio::test]
async fn a_flipped_bit_is_seen_or_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("state");
    let (file, whole) = written(&folder).await;
    let mut seen = 0;
    // The bytes that say something: most of a small file is empty pages.
    let telling = (0..whole.len()).filter(|at| whole[*at] != 0);
    for at in telling.step_by(97) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fs::write(&file, &bytes).unwrap();
        let store = FileState::new(&folder);
        for n in [0, 29_u8] {
            match store.get(ONE, &format!("key {n}")).await {
                Ok(entry) => {
                    assert_eq!(entry.expect("it was written").value, [n; 100], "byte {at}")
                }
                Err(StateError::Damaged { .. }) => seen += 1,
                Err(error) => panic!("byte {at}: {error}"),
            }
        }
    }
    assert!(seen > 0);
}
