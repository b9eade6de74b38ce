//! What is found in folders, and what is not.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{PermissionsExt, symlink};

use portcullis_host_core::{Error, ErrorKind, Grant, Scope};
use portcullis_host_policy::config::{PluginSettings, Setting};
use portcullis_host_policy::trust::{Lock, TrustMode};

use crate::support::*;

#[tokio::test]
async fn plugins_are_files_or_have_folders_of_their_own() {
    let site = Site::new();
    site.install("one.wasm", &version(1));
    site.install("two/plugin.wasm", &plugin("org.example.two", 1));
    site.install("three/deep/plugin.wasm", &plugin("org.example.three", 1));
    site.install(".hidden.wasm", &plugin("org.example.four", 1));
    fs::write(site.user("README"), "no plugin").unwrap();
    let snapshot = site.open().await.snapshot();
    assert_eq!(
        found(&snapshot),
        ["org.example.one active", "org.example.two active"]
    );
    assert_eq!(snapshot.generation(), 1);
    let entry = snapshot.entry(&id(ID)).unwrap();
    assert_eq!(
        (entry.path.clone(), entry.scope),
        (site.user("one.wasm"), Scope::User)
    );
    assert_eq!(entry.signer, Some(key(1).public().id()));
}

#[tokio::test]
async fn a_folder_with_two_components_is_no_plugin() {
    let site = Site::new();
    site.install("a/one.wasm", &version(1));
    site.install("a/two.wasm", &plugin("org.example.two", 1));
    site.install("b.wasm", &plugin("org.example.three", 1));
    let snapshot = site.open().await.snapshot();
    assert_eq!(found(&snapshot), ["org.example.three active", "? failed"]);
    assert_eq!(snapshot.entries()[1].path, site.user("a"));
}

#[tokio::test]
async fn a_second_component_beside_an_active_one_does_not_stop_it() {
    let site = Site::new();
    site.install("a/one.wasm", &version(1));
    let registry = site.open().await;
    site.install("a/one-2.wasm", &version(2));
    let snapshot = registry.refresh().await.unwrap();
    assert_eq!(active(&snapshot, ID).unwrap(), "1.0.0");
    fs::remove_file(site.user("a/one.wasm")).unwrap();
    let snapshot = registry.refresh().await.unwrap();
    assert_eq!(active(&snapshot, ID).unwrap(), "2.0.0");
}

#[tokio::test]
async fn the_users_plugin_goes_before_the_machines() {
    let site = Site::new();
    version(2).put(&site.path("system/one.wasm"), &[&key(1)]);
    site.install("one.wasm", &version(1));
    let registry = site.open().await;
    let snapshot = registry.snapshot();
    assert_eq!(active(&snapshot, ID).unwrap(), "1.0.0");
    let shadowed = &snapshot.entry(&id(ID)).unwrap().shadowed;
    assert_eq!(*shadowed, [site.path("system/one.wasm")]);
    fs::remove_file(site.user("one.wasm")).unwrap();
    let snapshot = registry.refresh().await.unwrap();
    assert_eq!(active(&snapshot, ID).unwrap(), "2.0.0");
    let entry = snapshot.entry(&id(ID)).unwrap();
    assert_eq!((entry.scope, entry.shadowed.len()), (Scope::System, 0));
}

#[tokio::test]
async fn a_broken_update_of_the_users_plugin_does_not_bring_the_machines_back() {
    let site = Site::new();
    version(3).put(&site.path("system/one.wasm"), &[&key(1)]);
    site.install("one.wasm", &version(1));
    let registry = site.open().await;
    fs::write(site.user("one.wasm"), "half").unwrap();
    let snapshot = registry.refresh().await.unwrap();
    assert_eq!(active(&snapshot, ID).unwrap(), "1.0.0");
    assert_eq!(found(&snapshot), ["org.example.one active, update failed"]);
}

#[tokio::test]
async fn of_two_plugins_of_one_id_neither_is_guessed_and_an_active_one_stays() {
    let site = Site::new();
    site.install("a.wasm", &version(1));
    let registry = site.open().await;
    site.install("b.wasm", &version(2));
    let snapshot = registry.refresh().await.unwrap();
    assert_eq!(active(&snapshot, ID).unwrap(), "1.0.0");
    assert_eq!(
        found(&snapshot),
        ["org.example.one active", "org.example.one failed"]
    );
    assert!(
        why(&snapshot, ID).contains("a.wasm"),
        "{}",
        why(&snapshot, ID)
    );
    let snapshot = site.open().await.snapshot();
    assert_eq!(found(&snapshot), ["org.example.one failed"; 2]);
    let errors: Vec<_> = snapshot
        .entries()
        .iter()
        .map(|entry| format!("{:?}", entry.status))
        .collect();
    assert!(
        errors[0].contains("b.wasm") && errors[1].contains("a.wasm"),
        "{errors:?}"
    );
}

#[tokio::test]
async fn one_bad_plugin_among_a_hundred_is_reported_and_stops_no_other() {
    let site = Site::new();
    for number in 0..99 {
        let name = format!("p{number}");
        site.install(&format!("{name}.wasm"), &plugin(&name, 1));
    }
    fs::write(site.user("bad.wasm"), "no component").unwrap();
    let snapshot = site.open().await.snapshot();
    let active = snapshot
        .entries()
        .iter()
        .filter(|entry| entry.plugin().is_some());
    assert_eq!((active.count(), snapshot.entries().len()), (99, 100));
    let bad = &snapshot.entries()[99];
    assert_eq!(
        (bad.id.clone(), bad.path.clone()),
        (None, site.user("bad.wasm"))
    );
}

#[tokio::test]
async fn progress_is_told_to_the_end() {
    let site = Site::new();
    site.install("a.wasm", &version(1));
    site.install("b.wasm", &plugin("b", 1));
    let (sender, receiver) = std::sync::mpsc::channel();
    let mut options = site.options();
    options.on_progress = Some(std::sync::Arc::new(move |progress| {
        sender.send(progress).unwrap()
    }));
    let registry = host().open_registry(options).await.unwrap();
    let seen: Vec<_> = receiver
        .try_iter()
        .map(|progress| (progress.done, progress.total))
        .collect();
    assert_eq!(seen, [(1, 2), (2, 2)]);
    drop(registry);
}

#[tokio::test]
async fn a_link_to_a_file_is_followed_and_a_loop_of_links_ends() {
    let site = Site::new();
    version(1).put(&site.path("store/real.wasm"), &[&key(1)]);
    symlink(site.path("store/real.wasm"), site.user("one.wasm")).unwrap();
    symlink(site.path("store/real.wasm.sig"), site.user("one.wasm.sig")).unwrap();
    symlink(site.path("user"), site.user("around")).unwrap();
    symlink(site.user("loop.wasm"), site.user("loop.wasm")).unwrap();
    symlink(site.user("loop-b"), site.user("loop-a")).unwrap();
    symlink(site.user("loop-a"), site.user("loop-b")).unwrap();
    let snapshot = site.open().await.snapshot();
    assert_eq!(found(&snapshot), ["org.example.one active", "? failed"]);
    assert_eq!(snapshot.entries()[1].path, site.user("loop.wasm"));
}

#[tokio::test]
async fn names_that_are_not_utf_8_are_names_like_others() {
    let site = Site::new();
    let name = std::ffi::OsString::from_vec(b"caf\xe9.wasm".to_vec());
    let folder = std::ffi::OsString::from_vec(b"\xff\xfe".to_vec());
    version(1).put(&site.path("user").join(name), &[&key(1)]);
    plugin("org.example.two", 1).put(&site.path("user").join(folder).join("p.wasm"), &[&key(1)]);
    let snapshot = site.open().await.snapshot();
    assert_eq!(
        found(&snapshot),
        ["org.example.one active", "org.example.two active"]
    );
}

#[tokio::test]
async fn pipes_and_folders_called_like_plugins_are_told_and_not_opened() {
    let site = Site::new();
    let pipe = site.user("pipe.wasm");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
    fs::create_dir(site.user("folder.wasm")).unwrap();
    let snapshot = site.open().await.snapshot();
    assert_eq!(found(&snapshot), ["? failed"]);
    assert_eq!(snapshot.entries()[0].path, pipe);
}

#[tokio::test]
async fn a_folder_that_others_can_write_to_needs_signatures() {
    let site = Site::new();
    site.install("one.wasm", &version(1));
    fs::set_permissions(site.path("user"), fs::Permissions::from_mode(0o777)).unwrap();
    let required = site.open().await.snapshot();
    assert_eq!(found(&required), ["org.example.one active"]);
    for mode in [TrustMode::Warn, TrustMode::Off] {
        let mut options = site.options();
        options.signatures = mode;
        let snapshot = host().open_registry(options).await.unwrap().snapshot();
        assert_eq!(found(&snapshot), ["? failed"]);
        let portcullis_host_core::Status::Failed(error) = &snapshot.entries()[0].status else {
            panic!("it failed");
        };
        assert!(error.to_string().contains("chmod go-w"), "{error}");
    }
}

#[tokio::test]
async fn a_file_that_others_can_write_to_needs_signatures() {
    let site = Site::new();
    site.install("one.wasm", &version(1));
    fs::set_permissions(site.user("one.wasm"), fs::Permissions::from_mode(0o666)).unwrap();
    let mut options = site.options();
    options.signatures = TrustMode::Off;
    let snapshot = host().open_registry(options).await.unwrap().snapshot();
    assert_eq!(found(&snapshot), ["? failed"]);
    assert_eq!(
        found(&site.open().await.snapshot()),
        ["org.example.one active"]
    );
}

#[tokio::test]
async fn what_nobody_trusted_signed_is_not_loaded_and_keeps_nobody_out() {
    let site = Site::new();
    version(1).put(&site.user("a.wasm"), &[]);
    let registry = site.open().await;
    assert_eq!(found(&registry.snapshot()), ["org.example.one failed"]);
    assert!(why(&registry.snapshot(), ID).contains("not signed"));
    site.install("b.wasm", &version(2));
    version(3).put(&site.user("c.wasm"), &[&key(2)]);
    let snapshot = registry.refresh().await.unwrap();
    assert_eq!(active(&snapshot, ID).unwrap(), "2.0.0");
    let failed = [
        "org.example.one active",
        "org.example.one failed",
        "org.example.one failed",
    ];
    let mut all = found(&snapshot);
    all.sort();
    assert_eq!(all, failed);
}

#[tokio::test]
async fn a_disabled_plugin_is_not_loaded_until_it_is_enabled() {
    let site = Site::new();
    site.install("one.wasm", &version(1));
    let said = |enabled| {
        let settings = PluginSettings {
            enabled,
            ..PluginSettings::default()
        };
        BTreeMap::from([(id(ID), settings)])
    };
    let mut options = site.options();
    options.plugins = said(false);
    let host = host();
    let before = host.stats();
    let registry = host.open_registry(options).await.unwrap();
    assert_eq!(found(&registry.snapshot()), ["org.example.one disabled"]);
    assert_eq!(
        host.stats().cache_hits + host.stats().cache_misses,
        before.cache_hits + before.cache_misses
    );
    assert_eq!(site.lock(), Lock::default());
    let error = call(&registry, "marker").await.unwrap_err();
    assert!(error.to_string().contains("disabled"), "{error}");
    registry.configure(said(true)).await.unwrap();
    assert_eq!(mark(&registry).await, "00010001");
    let mut changes = host.subscribe();
    registry.configure(said(false)).await.unwrap();
    assert_eq!(told(&mut changes).await, ["removed"]);
    assert!(registry.snapshot().get(&id(ID)).is_none());
}

#[tokio::test]
async fn a_plugin_gets_the_grant_and_the_settings_of_its_operator() {
    let site = Site::new();
    let recipe = Recipe {
        manifest: "[capabilities]\nrequest = [\"state\"]\n[config.properties.units]\ntype = \"string\"\n",
        ..Recipe::default()
    };
    site.install("one.wasm", &recipe.make(ID, "1.0.0"));
    let with = |units: serde_json::Value| {
        let settings = PluginSettings {
            grant: Grant::none().allow("state".parse().unwrap()),
            config: [("units".to_owned(), Setting::Plain(units))].into(),
            ..PluginSettings::default()
        };
        BTreeMap::from([(id(ID), settings)])
    };
    let mut options = site.options();
    options.plugins = with("metric".into());
    let registry = host().open_registry(options).await.unwrap();
    let snapshot = registry.snapshot();
    assert!(snapshot.get(&id(ID)).unwrap().missing().is_empty());
    // Settings that don't fit fail, and the plugin goes on with those that it has.
    let snapshot = registry.configure(with(7.into())).await.unwrap();
    assert_eq!(found(&snapshot), ["org.example.one active, update failed"]);
}

#[tokio::test]
async fn a_secret_setting_comes_from_the_store_and_is_in_no_error() {
    use portcullis_host_core::secret::{MemorySecrets, SecretStore};
    use std::sync::Arc;
    let site = Site::new();
    let recipe = Recipe {
        manifest: "[config.properties.token]\ntype = \"string\"\nmaxLength = 5\nx-secret = true\n",
        ..Recipe::default()
    };
    site.install("one.wasm", &recipe.make(ID, "1.0.0"));
    let store = Arc::new(MemorySecrets::default());
    let name: portcullis_host_core::secret::SecretName = "TOKEN".parse().unwrap();
    let host = builder().secrets(store.clone()).build().unwrap();
    let with = |setting| {
        let settings = PluginSettings {
            config: [("token".to_owned(), setting)].into(),
            ..PluginSettings::default()
        };
        BTreeMap::from([(id(ID), settings)])
    };
    let mut options = site.options();
    options.plugins = with(Setting::Plain("hunter2".into()));
    let registry = host.open_registry(options).await.unwrap();
    assert!(why(&registry.snapshot(), ID).contains("portcullis secret set"));
    registry
        .configure(with(Setting::Secret(name.clone())))
        .await
        .unwrap();
    assert!(why(&registry.snapshot(), ID).contains("TOKEN"));
    for (value, fits) in [("far too long", false), ("short", true)] {
        store.set(&name, value.to_owned().into()).await.unwrap();
        let snapshot = registry.refresh().await.unwrap();
        assert_eq!(snapshot.get(&id(ID)).is_some(), fits);
        assert!(!why(&snapshot, ID).contains(value));
    }
}

#[tokio::test]
async fn who_asks_for_what_is_not_there_is_told_what_is() {
    let site = Site::new();
    site.install("one.wasm", &version(1));
    let registry = site.open().await;
    let options = portcullis_host_core::CallOptions::default();
    let near = id("org.example.ome");
    let error = registry
        .call(&near, "marker", serde_json::json!({}), options)
        .await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotActive);
    assert!(
        error.to_string().contains("did you mean org.example.one"),
        "{error}"
    );
}

#[tokio::test]
async fn keys_that_cannot_be_read_change_nothing() {
    let site = Site::new();
    site.install("one.wasm", &version(1));
    let registry = site.open().await;
    fs::write(site.path("trust/trusted_keys.toml"), "[[kex]]").unwrap();
    let error = registry.refresh().await.unwrap_err();
    assert!(matches!(error, Error::Trust(_)), "{error}");
    assert_eq!(mark(&registry).await, "00010001");
    assert!(host().open_registry(site.options()).await.is_err());
}
