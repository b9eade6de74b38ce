//! A registry that looks by itself.

use std::fs;
use std::time::Duration;

use portcullis_host_core::{Host, Registry, Watch};

use crate::support::*;

/// A registry that is watched, and looks by itself so rarely that what a test sees came by an event.
async fn watched(site: &Site, host: &Host) -> (Registry, Watch) {
    let mut options = site.options();
    options.poll = Duration::from_secs(3600);
    let registry = host.open_registry(options).await.unwrap();
    let watch = registry.watch();
    (registry, watch)
}

#[tokio::test]
async fn what_is_dropped_in_changed_and_removed_is_seen() {
    let (site, host) = (Site::new(), host());
    let mut changes = host.subscribe();
    let (registry, watch) = watched(&site, &host).await;
    site.install("one.wasm", &version(1));
    wait_for(&mut changes, "added 1").await;
    site.install("one.wasm", &version(2));
    wait_for(&mut changes, "updated 1 2").await;
    // Written in place.
    fs::write(site.user("one.wasm.sig"), version(3).signatures(&[&key(1)])).unwrap();
    fs::write(site.user("one.wasm"), version(3).bytes).unwrap();
    wait_for(&mut changes, "updated 2 3").await;
    fs::remove_file(site.user("one.wasm")).unwrap();
    wait_for(&mut changes, "removed").await;
    site.install("own/one.wasm", &version(4));
    wait_for(&mut changes, "added 4").await;
    site.install("own/one.wasm", &version(5));
    wait_for(&mut changes, "updated 4 5").await;
    drop(watch);
    site.install("own/one.wasm", &version(6));
    assert_eq!(mark(&registry).await, "00050005");
}

#[tokio::test]
async fn a_revoked_key_is_seen() {
    let (site, host) = (Site::new(), host());
    site.install("one.wasm", &version(1));
    let (_registry, _watch) = watched(&site, &host).await;
    let mut changes = host.subscribe();
    site.trust(&format!("{}revoked = true\n", trusted(&key(1), "*")));
    wait_for(&mut changes, "removed").await;
}

#[tokio::test]
async fn an_approval_by_another_process_is_seen() {
    let (site, here) = (Site::new(), host());
    site.install("one.wasm", &version(2));
    let (registry, _watch) = watched(&site, &here).await;
    let mut changes = here.subscribe();
    site.install("one.wasm", &version(1));
    wait_for(&mut changes, "held").await;
    // What another process does is another host.
    let other = site.open().await;
    let pending = other.pending(&id(ID)).await.unwrap().unwrap();
    other.approve(&pending).await.unwrap();
    wait_for(&mut changes, "updated 2 1").await;
    assert_eq!(mark(&registry).await, "00010001");
}

#[tokio::test]
async fn a_folder_that_is_made_later_and_one_that_comes_back_are_seen() {
    let (site, host) = (Site::new(), host());
    fs::remove_dir(site.path("user")).unwrap();
    let mut options = site.options();
    options.poll = Duration::from_millis(50);
    let registry = host.open_registry(options).await.unwrap();
    let _watch = registry.watch();
    let mut changes = host.subscribe();
    site.install("one.wasm", &version(1));
    wait_for(&mut changes, "added 1").await;
    fs::rename(site.path("user"), site.path("away")).unwrap();
    wait_for(&mut changes, "removed").await;
    fs::rename(site.path("away"), site.path("user")).unwrap();
    wait_for(&mut changes, "added 1").await;
}

#[tokio::test]
async fn keys_that_cannot_be_read_are_told_once_and_mended() {
    let (site, host) = (Site::new(), host());
    let (_registry, _watch) = watched(&site, &host).await;
    let mut changes = host.subscribe();
    let keys = site.path("trust/trusted_keys.toml");
    let before = fs::read(&keys).unwrap();
    fs::write(&keys, "[[kex]]").unwrap();
    wait_for(&mut changes, "failed").await;
    fs::write(&keys, before).unwrap();
    site.install("one.wasm", &version(1));
    wait_for(&mut changes, "added 1").await;
}
