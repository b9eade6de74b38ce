//! Attacks on the compile cache by who got at its folder, and what becomes of it when a disk is full or a process is killed.
//! Whatever is wrong, the plugin is compiled again from the bytes that were verified.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use portcullis_host_core::{Host, LimitOverrides, LoadOptions, Plugin};
use portcullis_test_artifacts::{WELL_GREET, WELL_STATE};
use serde_json::json;
use tempfile::TempDir;

use crate::support::*;

/// The parts of an entry, by the ends of their names.
const PARTS: [&str; 2] = ["cwasm", "notes"];

/// Bytes of the authentication code at the end of each file.
const MAC_BYTES: usize = 32;

/// A cache that knows one guest.
struct Stage {
    _folder: TempDir,
    cache: PathBuf,
}

impl Stage {
    async fn new(guest: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("cache");
        host_on(&cache)
            .load(guest, Default::default())
            .await
            .unwrap();
        Self {
            _folder: folder,
            cache,
        }
    }

    /// The file of a part of the only entry.
    fn part(&self, part: &str) -> PathBuf {
        let [only] = &parts(&self.cache, part)[..] else {
            panic!("one entry in {}", self.cache.display());
        };
        only.clone()
    }

    /// That WELL_GREET is compiled so many times, and is what it was.
    async fn compiles(&self, times: u32) {
        assert_eq!(load(&host_on(&self.cache), false).await.1, times);
    }
}

fn host_on(cache: &Path) -> Host {
    builder().cache_dir(cache).build().unwrap()
}

fn parts(cache: &Path, part: &str) -> Vec<PathBuf> {
    let Ok(files) = fs::read_dir(cache) else {
        return Vec::new();
    };
    let paths = files.map(|file| file.unwrap().path());
    let is_part = |path: &PathBuf| path.extension().is_some_and(|extension| extension == part);
    paths.filter(is_part).collect()
}

/// Loads WELL_GREET, sees that it answers as it does, and tells how often it was compiled.
async fn load(host: &Host, lazy: bool) -> (Plugin, u32) {
    let count = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&count);
    let options = LoadOptions {
        lazy,
        on_compile: Some(Arc::new(move || {
            counter.fetch_add(1, Ordering::Relaxed);
        })),
        ..LoadOptions::default()
    };
    let plugin = host.load_with(WELL_GREET, options).await.unwrap();
    if !lazy {
        greets(&plugin).await;
    }
    (plugin, count.load(Ordering::Relaxed))
}

async fn greets(plugin: &Plugin) {
    assert_eq!(plugin.tools()[0].name, "greet");
    let answer = ask(plugin, "greet", json!({"name": "Ada"})).await;
    assert_eq!(answer, "Hello, Ada!");
}

#[tokio::test]
async fn another_plugins_entry_in_its_place_is_never_used() {
    let stage = Stage::new(WELL_GREET).await;
    let own = PARTS.map(|part| stage.part(part));
    let host = host_on(&stage.cache);
    host.load(WELL_STATE, Default::default()).await.unwrap();
    let other = PARTS.map(|part| {
        let mut found = parts(&stage.cache, part);
        found.retain(|path| !own.contains(path));
        fs::read(&found[0]).unwrap()
    });
    for replaced in [&[0][..], &[1], &[0, 1]] {
        for &part in replaced {
            fs::write(&own[part], &other[part]).unwrap();
        }
        stage.compiles(1).await;
        stage.compiles(0).await;
    }
}

#[tokio::test]
async fn a_truncated_or_longer_entry_is_compiled_again() {
    let stage = Stage::new(WELL_GREET).await;
    for part in PARTS {
        let path = stage.part(part);
        let whole = fs::read(&path).unwrap();
        let lengths = [0, MAC_BYTES - 1, whole.len() - 1];
        let cut = lengths.map(|length| whole[..length].to_vec());
        for bytes in cut.into_iter().chain([[&whole[..], b"x"].concat()]) {
            fs::write(&path, bytes).unwrap();
            stage.compiles(1).await;
        }
    }
}

#[tokio::test]
async fn right_code_around_wrong_code_is_never_executed() {
    let stage = Stage::new(WELL_GREET).await;
    let other = Stage::new(WELL_STATE).await;
    for part in PARTS {
        let (path, theirs) = (stage.part(part), fs::read(other.part(part)).unwrap());
        let whole = fs::read(&path).unwrap();
        let (content, code) = whole.split_at(whole.len() - MAC_BYTES);
        let theirs = &theirs[..theirs.len() - MAC_BYTES];
        let mut changed = content.to_vec();
        // Behind what wasmtime looks at before it would run it.
        changed[content.len() / 2] ^= 1;
        for content in [theirs, &changed] {
            fs::write(&path, [content, code].concat()).unwrap();
            stage.compiles(1).await;
        }
    }
}

#[tokio::test]
async fn an_entry_that_was_made_under_another_secret_is_never_used() {
    let stage = Stage::new(WELL_GREET).await;
    let other = Stage::new(WELL_GREET).await;
    for part in PARTS {
        // The same name, since it is the same component, engine and version.
        assert_eq!(stage.part(part).file_name(), other.part(part).file_name());
        fs::copy(other.part(part), stage.part(part)).unwrap();
        stage.compiles(1).await;
    }
}

#[tokio::test]
async fn an_entry_for_another_engine_in_its_place_is_never_used() {
    let stage = Stage::new(WELL_GREET).await;
    let own = PARTS.map(|part| stage.part(part));
    let metered = LoadOptions {
        limits: LimitOverrides {
            fuel: Some(1 << 30),
            ..LimitOverrides::default()
        },
        ..LoadOptions::default()
    };
    let host = host_on(&stage.cache);
    host.load_with(WELL_GREET, metered).await.unwrap();
    for (own, part) in own.iter().zip(PARTS) {
        let mut found = parts(&stage.cache, part);
        found.retain(|path| path != own);
        fs::copy(&found[0], own).unwrap();
        stage.compiles(1).await;
    }
}

#[tokio::test]
async fn an_entry_that_is_replaced_between_a_lazy_load_and_its_first_call_is_never_used() {
    let stage = Stage::new(WELL_GREET).await;
    let other = Stage::new(WELL_STATE).await;
    let host = host_on(&stage.cache);
    for attack in [fs::read(other.part("cwasm")).unwrap(), b"not code".to_vec()] {
        let (plugin, _) = load(&host, true).await;
        fs::write(stage.part("cwasm"), attack).unwrap();
        greets(&plugin).await;
        // What was compiled again is there for the next load.
        stage.compiles(0).await;
    }
}

/// This test again, in a process of its own and with `folder` for it to work in.
fn child(command: &str, test: &str, folder: &Path) -> Command {
    let mut child = Command::new("sh");
    child
        .args(["-c", &format!("{command}exec \"$0\" \"$@\"")])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(CHILD, folder)
        .stdout(Stdio::null());
    child
}

/// Tells a test that it is its own child, and where it works.
const CHILD: &str = "PORTCULLIS_TEST_CHILD";

fn child_folder() -> Option<PathBuf> {
    std::env::var_os(CHILD).map(PathBuf::from)
}

#[cfg(unix)]
#[tokio::test]
async fn a_full_disk_under_the_cache_costs_the_cache_alone() {
    if let Some(cache) = child_folder() {
        assert_eq!(load(&host_on(&cache), false).await.1, 1);
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    // No file may be longer than 100 KiB, so that code can't be written, and what is in memory alone can. Without the signal
    // that then comes, writing fails as on a full disk.
    let test = "cache_attacks::a_full_disk_under_the_cache_costs_the_cache_alone";
    let status = child("trap '' 25; ulimit -f 200; ", test, &cache)
        .status()
        .unwrap();
    assert!(status.success());
    assert_eq!(fs::read_dir(&cache).unwrap().count(), 1, "mac.key");
    let stage = Stage {
        _folder: folder,
        cache,
    };
    stage.compiles(1).await;
    stage.compiles(0).await;
}

/// When a process is killed.
type Moment<'a> = &'a dyn Fn(&Path) -> bool;

/// Kills the child once it is in a state, or lets it end.
fn kill_at(mut child: Child, cache: &Path, moment: Moment<'_>) {
    while child.try_wait().unwrap().is_none() {
        if moment(cache) {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_process_that_is_killed_at_any_point_of_a_load_leaves_nothing_half_there() {
    if let Some(cache) = child_folder() {
        let host = host_on(&cache);
        let (plugin, _) = load(&host, true).await;
        greets(&plugin).await;
        return;
    }
    let test =
        "cache_attacks::a_process_that_is_killed_at_any_point_of_a_load_leaves_nothing_half_there";
    let begun = Instant::now();
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    assert!(child("", test, &whole).status().unwrap().success());
    let takes = begun.elapsed();
    let has = |part| move |cache: &Path| !parts(cache, part).is_empty();
    let writes = |cache: &Path| {
        let files = fs::read_dir(cache).into_iter().flatten().flatten();
        let names = files.map(|file| file.file_name().to_string_lossy().into_owned());
        names
            .into_iter()
            .any(|name| name.starts_with(".unfinished-"))
    };
    let made = |cache: &Path| cache.join("mac.key").exists();
    let exists = |cache: &Path| cache.exists();
    let moments: [Moment<'_>; 5] = [&exists, &made, &writes, &has("cwasm"), &has("notes")];
    let killed_at = |moment: Moment<'_>, name: String| {
        let cache = folder.path().join(name);
        let spawned = child("", test, &cache).stderr(Stdio::null()).spawn();
        kill_at(spawned.unwrap(), &cache, moment);
        cache
    };
    let mut caches = Vec::new();
    for (at, moment) in moments.into_iter().enumerate() {
        caches.push(killed_at(moment, format!("event-{at}")));
    }
    // And at moments that nothing marks, over all of the time that it takes.
    for part in 1..5 {
        let begun = Instant::now();
        let after: Duration = takes * part / 5;
        caches.push(killed_at(
            &|_| begun.elapsed() > after,
            format!("time-{part}"),
        ));
    }
    for cache in caches {
        let host = host_on(&cache);
        load(&host, false).await;
        assert_eq!(
            load(&host_on(&cache), false).await.1,
            0,
            "{}",
            cache.display()
        );
    }
}
