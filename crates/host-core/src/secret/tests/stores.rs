//! Every store keeps secrets alike, and the file keeps them from others.

use std::path::Path;
use std::sync::Arc;

use super::super::file::{FileSecrets, StoreKey};
use super::super::sealed::Cost;
use super::super::*;
use super::name;

/// Quick: what it costs is not what is tested.
const COST: Cost = Cost {
    memory_kib: 64,
    passes: 1,
    lanes: 1,
};

fn with_passphrase(folder: &Path, passphrase: &str) -> FileSecrets {
    FileSecrets::with_cost(
        folder.to_owned(),
        StoreKey::Passphrase(passphrase.into()),
        COST,
    )
}

fn with_key_file(folder: &Path) -> FileSecrets {
    FileSecrets::new(folder, StoreKey::KeyFile)
}

fn private_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    #[cfg(unix)]
    std::fs::set_permissions(
        folder.path(),
        std::os::unix::fs::PermissionsExt::from_mode(0o700),
    )
    .expect("it is ours");
    folder
}

async fn value(store: &dyn SecretStore, of: &str) -> Option<String> {
    let value = store.get(&name(of)).await.unwrap();
    value.map(|value| value.expose_secret().to_owned())
}

async fn keeps(store: &dyn SecretStore) {
    assert_eq!(
        (value(store, "A").await, store.list().await.unwrap()),
        (None, vec![])
    );
    assert!(!store.remove(&name("A")).await.unwrap());
    store
        .set(&name("B"), "second\nline ü".into())
        .await
        .unwrap();
    store.set(&name("A"), "first".into()).await.unwrap();
    store.set(&name("A"), "changed".into()).await.unwrap();
    assert_eq!(store.list().await.unwrap(), [name("A"), name("B")]);
    assert_eq!(value(store, "A").await.as_deref(), Some("changed"));
    assert_eq!(value(store, "B").await.as_deref(), Some("second\nline ü"));
    assert!(store.remove(&name("A")).await.unwrap());
    assert_eq!(
        (value(store, "A").await, store.list().await.unwrap()),
        (None, vec![name("B")])
    );
    for bad in [
        "".to_owned(),
        "a\0b".to_owned(),
        "x".repeat(MAX_VALUE_BYTES + 1),
    ] {
        let error = store.set(&name("A"), bad.into()).await.unwrap_err();
        assert!(matches!(error, SecretError::Value { .. }), "{error}");
    }
}

#[tokio::test]
async fn memory_file_and_keyring_keep_secrets_alike() {
    keeps(&MemorySecrets::new()).await;
    let folder = private_folder();
    keeps(&with_key_file(folder.path())).await;
    let folder = private_folder();
    keeps(&with_passphrase(folder.path(), "open sesame")).await;
    keeps(&KeyringSecrets::with_store(
        keyring_core::mock::Store::new().unwrap(),
    ))
    .await;
}

#[tokio::test]
async fn a_file_is_read_back_by_another_process_and_holds_no_value_in_the_clear() {
    let folder = private_folder();
    with_passphrase(folder.path(), "open sesame")
        .set(&name("KEY"), "correct-horse".into())
        .await
        .unwrap();
    let again = with_passphrase(folder.path(), "open sesame");
    assert_eq!(value(&again, "KEY").await.as_deref(), Some("correct-horse"));
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("correct-horse") && !text.contains("KEY"));
    }
}

#[tokio::test]
async fn a_wrong_passphrase_is_told_from_a_changed_file() {
    let folder = private_folder();
    let store = with_passphrase(folder.path(), "open sesame");
    store
        .set(&name("KEY"), "correct-horse".into())
        .await
        .unwrap();
    let wrong = with_passphrase(folder.path(), "open sesam");
    assert!(matches!(
        wrong.get(&name("KEY")).await,
        Err(SecretError::WrongKey { .. })
    ));
    // Nor does a write with it replace what is there.
    assert!(matches!(
        wrong.set(&name("B"), "x".into()).await,
        Err(SecretError::WrongKey { .. })
    ));
    let error = with_key_file(folder.path())
        .get(&name("KEY"))
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("is locked with a passphrase"),
        "{error}"
    );

    let path = folder.path().join("secrets.enc");
    let whole = std::fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        std::fs::write(&path, changed).unwrap();
        let fresh = with_passphrase(folder.path(), "open sesame");
        let error = fresh.get(&name("KEY")).await.unwrap_err();
        let known = matches!(
            error,
            SecretError::WrongKey { .. }
                | SecretError::Damaged { .. }
                | SecretError::OtherKey { .. }
        );
        assert!(known, "byte {at}: {error}");
        // What comes after the nonce is covered by the key that was right.
        assert!(
            at < 88 || matches!(error, SecretError::Damaged { .. }),
            "byte {at}: {error}"
        );
    }
    for len in [0, 10, 40, whole.len() - 1] {
        std::fs::write(&path, &whole[..len]).unwrap();
        assert!(
            matches!(
                store.get(&name("KEY")).await,
                Err(SecretError::Damaged { .. })
            ),
            "{len} bytes"
        );
    }
}

#[tokio::test]
async fn a_lost_key_file_is_not_made_anew_over_the_secrets() {
    let folder = private_folder();
    let store = with_key_file(folder.path());
    store
        .set(&name("KEY"), "correct-horse".into())
        .await
        .unwrap();
    std::fs::remove_file(folder.path().join("secrets.key")).unwrap();
    let fresh = with_key_file(folder.path());
    assert!(matches!(
        fresh.get(&name("KEY")).await,
        Err(SecretError::KeyMissing { .. })
    ));
    assert!(matches!(
        fresh.set(&name("B"), "x".into()).await,
        Err(SecretError::KeyMissing { .. })
    ));
    assert!(!folder.path().join("secrets.key").exists());
}

#[cfg(unix)]
#[tokio::test]
async fn what_others_can_read_is_refused_and_what_is_made_is_this_users_alone() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let set_mode = |path: &Path, mode| {
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap()
    };
    let parent = private_folder();
    let folder = parent.path().join("secrets");
    let store = with_key_file(&folder);
    store
        .set(&name("KEY"), "correct-horse".into())
        .await
        .unwrap();
    let files = ["secrets.enc", "secrets.key", "lock"].map(|file| folder.join(file));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for file in &files {
        assert_eq!(mode(file), 0o600, "{}", file.display());
    }
    for file in &files[..2] {
        set_mode(file, 0o640);
        let error = with_key_file(&folder).get(&name("KEY")).await.unwrap_err();
        assert!(error.to_string().contains("chmod 600"), "{error}");
        set_mode(file, 0o600);
    }
    set_mode(&folder, 0o755);
    assert!(store.set(&name("B"), "x".into()).await.is_err());
    set_mode(&folder, 0o700);
    let real = parent.path().join("elsewhere");
    std::fs::rename(&files[0], &real).unwrap();
    symlink(&real, &files[0]).unwrap();
    assert!(
        matches!(store.get(&name("KEY")).await, Err(SecretError::Io { .. })),
        "a link"
    );
}

#[tokio::test]
async fn writers_at_once_lose_nothing() {
    let folder = private_folder();
    let path: Arc<Path> = folder.path().into();
    let writers = (0..8).map(|at| {
        // Each has its own store, as each process would.
        let store = with_key_file(&path);
        tokio::spawn(async move { store.set(&name(&format!("KEY{at}")), "value".into()).await })
    });
    for written in futures::future::join_all(writers).await {
        written.unwrap().unwrap();
    }
    assert_eq!(with_key_file(&path).list().await.unwrap().len(), 8);
}

#[test]
fn bindings_are_kept_and_never_in_conflict() {
    let folder = private_folder();
    let file = BindingsFile::new(folder.path());
    assert_eq!(file.read().unwrap(), []);
    let binding = |secret: &str, to: &str| Binding {
        secret: name(secret),
        identity: portcullis_host_policy::Identity::Digest([1; 32]),
        to: to.parse().unwrap(),
        placement: Placement::Bearer,
    };
    let first = binding("A", "POST https://api.example.com/v1/*");
    file.update(|bindings| bindings.push(first.clone()))
        .unwrap();
    let other = binding("B", "POST https://*.example.com");
    let refused = file.update(|bindings| bindings.push(other));
    assert!(matches!(refused, Err(SecretError::Conflict { .. })));
    assert_eq!(BindingsFile::new(folder.path()).read().unwrap(), [first]);

    let path = folder.path().join("bindings.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("https://", "http://")).unwrap();
    let error = file.read().unwrap_err();
    assert!(
        error.to_string().contains("a secret goes over https"),
        "{error}"
    );
}
