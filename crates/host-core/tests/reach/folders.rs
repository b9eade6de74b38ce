//! Granting a folder.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::Arc;

use portcullis_host_core::secret::{FileSecrets, StoreKey};
use portcullis_host_core::{Error, ErrorKind, PluginDir, RegistryOptions, TrustFolder};

use crate::support::{Stage, Way, act, folder, one};

/// That the load fails for a grant, and how.
async fn refused(stage: &Stage, allow: &[String]) -> String {
    let loaded = stage.load_with(Way::P2.files(), allow, |_| ()).await;
    let error = loaded.expect_err("the load fails");
    assert_eq!(error.kind(), ErrorKind::Folder, "{error}");
    assert!(matches!(error, Error::Folder { .. }));
    error.to_string()
}

#[tokio::test]
async fn a_missing_folder_fails_the_load() {
    let stage = Stage::new();
    let error = refused(&stage, &[folder("ro", &stage.path("missing"), "/x")]).await;
    assert!(
        error.contains("there is no such folder; make it"),
        "{error}"
    );
}

#[tokio::test]
async fn a_file_is_no_folder() {
    let stage = Stage::new();
    fs::write(stage.path("file"), "").unwrap();
    let error = refused(&stage, &[folder("ro", &stage.path("file"), "/x")]).await;
    assert!(error.contains("not a folder"), "{error}");
}

#[tokio::test]
async fn a_slot_that_nobody_filled_fails_the_load() {
    let stage = Stage::new();
    let error = refused(&stage, &["fs:ro:{docs}".to_owned()]).await;
    assert!(error.contains("bind its slot"), "{error}");
}

#[tokio::test]
async fn a_link_in_the_path_is_not_followed() {
    let stage = Stage::new();
    let real = stage.make("real/inner");
    symlink(stage.path("real"), stage.path("link")).unwrap();
    for path in ["link", "link/inner"] {
        let error = refused(&stage, &[folder("ro", &stage.path(path), "/x")]).await;
        assert!(
            error.contains("`link` in its path is a symbolic link"),
            "{error}"
        );
    }
    let error = refused(&stage, &[folder("ro", &stage.path("link/inner"), "/x")]).await;
    assert!(error.contains(&real.display().to_string()), "{error}");
}

#[tokio::test]
async fn a_folder_swapped_for_a_link_between_two_loads_fails_the_second() {
    let stage = Stage::new();
    let (granted, other) = (stage.make("granted"), stage.make("other"));
    let allow = [folder("ro", &granted, "/x")];
    drop(stage.load(Way::P2.files(), &allow).await);
    fs::rename(&granted, stage.path("aside")).unwrap();
    symlink(other, &granted).unwrap();
    refused(&stage, &allow).await;
}

#[tokio::test]
async fn a_folder_swapped_for_a_link_between_two_calls_stays_what_it_was() {
    for way in [Way::P2, Way::P3] {
        let stage = Stage::new();
        let (granted, other) = (stage.make("granted"), stage.make("other"));
        fs::write(granted.join("file"), "granted").unwrap();
        fs::write(other.join("file"), "other").unwrap();
        let plugin = stage
            .load(way.files(), &[folder("ro", &granted, "/x")])
            .await;
        assert_eq!(act(&plugin, one("read", "/x/file")).await, "granted");
        fs::rename(&granted, stage.path("aside")).unwrap();
        symlink(other, &granted).unwrap();
        assert_eq!(act(&plugin, one("read", "/x/file")).await, "granted");
    }
}

#[tokio::test]
async fn a_registrys_folders_and_trust_are_never_granted() {
    let own = tempfile::tempdir().unwrap();
    let at = |name: &str| own.path().canonicalize().unwrap().join(name);
    let stage = Stage::new();
    fs::create_dir(at("plugins")).unwrap();
    let trust = TrustFolder::new(at("trust"));
    let options = RegistryOptions::new(vec![PluginDir::user(at("plugins"))], trust);
    let _registry = stage.host.open_registry(options).await.unwrap();
    for name in ["plugins", "trust"] {
        let error = refused(&stage, &[folder("rw", &at(name), "/x")]).await;
        assert!(error.contains("the host keeps its own"), "{name}: {error}");
    }
}

#[tokio::test]
async fn the_hosts_own_folders_are_never_granted() {
    let own = tempfile::tempdir().unwrap();
    let root = own.path().canonicalize().unwrap();
    let at = |name: &str| root.join(name);
    let stage = Stage::with(|host| {
        let secrets = FileSecrets::new(at("secrets"), StoreKey::KeyFile);
        let host = host.cache_dir(at("cache")).state_dir(at("state"));
        host.secrets(Arc::new(secrets))
            .protect([at("keys"), at("plugins"), at("not/yet/there")])
    });
    for name in ["keys/inner", "plugins", "not", "state", "secrets"] {
        fs::create_dir_all(at(name)).unwrap();
    }
    // The same, inside, around, and where one would come to lie.
    for name in [
        "cache",
        "state",
        "secrets",
        "keys",
        "keys/inner",
        "plugins",
        "",
        "not",
    ] {
        let path = if name.is_empty() {
            root.clone()
        } else {
            at(name)
        };
        let error = refused(&stage, &[folder("ro", &path, "/x")]).await;
        assert!(error.contains("the host keeps its own"), "{name}: {error}");
    }
    fs::create_dir(at("apart")).unwrap();
    stage
        .load(Way::P2.files(), &[folder("rw", &at("apart"), "/x")])
        .await;
}

#[tokio::test]
async fn overlapping_folders_have_one_access() {
    let stage = Stage::new();
    let (outer, inner) = (stage.make("outer"), stage.make("outer/inner"));
    let error = refused(
        &stage,
        &[folder("ro", &outer, "/a"), folder("rw", &inner, "/b")],
    )
    .await;
    assert!(error.contains("overlaps"), "{error}");
    let same = [folder("ro", &outer, "/a"), folder("ro", &inner, "/b")];
    stage.load(Way::P2.files(), &same).await;
}

#[tokio::test]
async fn two_folders_have_two_names() {
    let stage = Stage::new();
    let (a, b) = (stage.make("a"), stage.make("b"));
    let error = refused(&stage, &[folder("ro", &a, "/x"), folder("ro", &b, "/x")]).await;
    assert!(error.contains("under the same name"), "{error}");
}
