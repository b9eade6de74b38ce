//! A process that is killed while it publishes or approves.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use portcullis_host_core::{PluginDir, RegistryOptions, TrustFolder};

use crate::support::*;

const PLACE: &str = "PORTCULLIS_TEST_SITE";

/// What is killed: opens the folders, and approves what is held, for ever anew. A test only when it is called as a child.
#[tokio::test]
async fn child() {
    let Some(place) = env::var_os(PLACE).map(PathBuf::from) else {
        return;
    };
    loop {
        let dirs = vec![PluginDir::user(place.join("user"))];
        let options = RegistryOptions::new(dirs, TrustFolder::new(place.join("trust")));
        let registry = host().open_registry(options).await.unwrap();
        for name in 0..8 {
            if let Some(pending) = registry.pending(&id(&format!("p{name}"))).await.unwrap() {
                registry.approve(&pending).await.unwrap();
            }
        }
        let _ = std::fs::remove_file(place.join("trust/plugins.lock"));
    }
}

#[tokio::test]
async fn a_process_killed_anywhere_in_a_publication_or_an_approval_leaves_what_the_next_can_start_from()
 {
    let site = Site::new();
    for name in 0..8 {
        site.install(&format!("p{name}.wasm"), &plugin(&format!("p{name}"), 1));
    }
    // Compiles them all.
    site.open().await;
    for round in 0..12_u64 {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "killed::child", "--nocapture"])
            .env(PLACE, site.path(""))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        sleep(Duration::from_millis(60 + round * 37));
        child.kill().unwrap();
        child.wait().unwrap();
        let registry = site.open().await;
        for name in 0..8 {
            let id = id(&format!("p{name}"));
            if let Some(pending) = registry.pending(&id).await.unwrap() {
                registry.approve(&pending).await.unwrap();
            }
        }
        let snapshot = site.open().await.snapshot();
        let active = snapshot
            .entries()
            .iter()
            .filter(|entry| entry.plugin().is_some());
        assert_eq!(active.count(), 8, "{:?}", found(&snapshot));
    }
}
