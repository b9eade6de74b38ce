//! Calls while their plugin is exchanged under them, by good versions and by bad ones.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use portcullis_host_core::{Change, Changes, PluginDir, PluginId, Registry, RegistryOptions};
use portcullis_test_artifacts::BENCH_GREET;
use tokio::time::{MissedTickBehavior, interval};
use wasmtime::error::Context;
use wasmtime::{Result, bail, ensure};

use super::{arguments, host, limits};
use crate::figures::Measured;
use crate::measure::{cores, threads};
use crate::signed::Signer;

/// Every other one is bad. No more than the versions that two digits tell apart.
const RELOADS: usize = 50;

/// Who call at the same time.
const CALLERS: usize = 4;

/// Between two calls of one caller: all of them together make 200 calls a second.
const PACE: Duration = Duration::from_millis(20);

/// What the guest says, in place of which each version says something of its own.
const SAID: &[u8] = b"Hello, ";

#[derive(Default)]
struct Tally {
    calls: usize,
    failed: usize,
    mixed: usize,
}

pub(super) fn measure() -> Result<Vec<Measured>> {
    let folder = tempfile::tempdir()?;
    threads(cores())?.block_on(async {
        let source = Versions::new(folder.path())?;
        source.good(0)?;
        let host = host(limits())
            .cache_dir(folder.path().join("cache"))
            .build()?;
        let trust = source.signer.trust.clone();
        let options = RegistryOptions::new(vec![PluginDir::user(&source.folder)], trust);
        let registry = host.open_registry(options).await?;
        let mut changes = host.subscribe();
        let watch = registry.watch();

        let ended = Arc::new(AtomicBool::new(false));
        let callers: Vec<_> = (0..CALLERS)
            .map(|_| {
                let (registry, id, ended) =
                    (registry.clone(), source.id.clone(), Arc::clone(&ended));
                tokio::spawn(call(registry, id, ended))
            })
            .collect();
        let exchanged = exchange(&source, &mut changes).await;
        ended.store(true, Ordering::Relaxed);
        let mut all = Tally::default();
        for caller in callers {
            let one = caller.await??;
            all.calls += one.calls;
            all.failed += one.failed;
            all.mixed += one.mixed;
        }
        exchanged?;
        drop(watch);
        let note = format!("of {} calls, {RELOADS} reloads", all.calls);
        ensure!(all.calls > RELOADS, "too few calls to say anything: {note}");
        Ok(vec![
            Measured::new("reload_failed", all.failed as f64, &note),
            Measured::new("reload_mixed", all.mixed as f64, note),
        ])
    })
}

/// Puts one version after the other in the folder, each when the one before it was dealt with.
async fn exchange(source: &Versions, changes: &mut Changes) -> Result<()> {
    for number in 1..=RELOADS {
        let bad = number % 2 == 0;
        match bad {
            true => source.bad()?,
            false => source.good(number)?,
        }
        loop {
            match changes.next().await.context("the registry is gone")? {
                Change::Failed { .. } if bad => break,
                Change::Updated { to, .. } if to == Some(version(number).parse()?) => break,
                Change::Removed { .. } | Change::Held { .. } => bail!("it is gone at {number}"),
                _ => {}
            }
        }
    }
    Ok(())
}

/// Calls until the others are done, and looks whether each answer is of the version that was called.
async fn call(registry: Registry, id: PluginId, ended: Arc<AtomicBool>) -> Result<Tally> {
    let (mut tally, mut pace) = (Tally::default(), interval(PACE));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !ended.load(Ordering::Relaxed) {
        pace.tick().await;
        tally.calls += 1;
        let snapshot = registry.snapshot();
        let Some(plugin) = snapshot.get(&id) else {
            tally.failed += 1;
            continue;
        };
        let version = plugin.version().context("no version")?.to_string();
        match plugin.call("greet", arguments(), Default::default()).await {
            Ok(output) => tally.mixed += usize::from(!output.text().contains(&said(&version))),
            Err(error) => {
                eprintln!("reload: {error}");
                tally.failed += 1;
            }
        }
    }
    Ok(tally)
}

fn version(number: usize) -> String {
    format!("1.0.{number}")
}

/// What a version says; as long as [`SAID`].
fn said(version: &str) -> String {
    let number = version.rsplit('.').next().unwrap_or_default();
    format!("Hel{number:0>2}, ")
}

/// Where versions of one plugin come from.
struct Versions {
    signer: Signer,
    id: PluginId,
    folder: std::path::PathBuf,
    guest: Vec<u8>,
}

impl Versions {
    fn new(folder: &Path) -> Result<Self> {
        let guest = fs::read(BENCH_GREET)?;
        ensure!(
            guest.windows(SAID.len()).any(|bytes| bytes == SAID),
            "{BENCH_GREET} says something else"
        );
        let plugins = folder.join("plugins");
        fs::create_dir(&plugins)?;
        Ok(Self {
            signer: Signer::new(&folder.join("trust"))?,
            id: "org.portcullis.bench-reload".parse()?,
            folder: plugins,
            guest,
        })
    }

    fn good(&self, number: usize) -> Result<()> {
        let version = version(number);
        let mut guest = self.guest.clone();
        let places: Vec<_> = (0..=guest.len() - SAID.len())
            .filter(|at| guest[*at..].starts_with(SAID))
            .collect();
        for at in places {
            guest[at..at + SAID.len()].copy_from_slice(said(&version).as_bytes());
        }
        self.signer.write(&self.path(), &guest, &self.id, &version)
    }

    /// Half a file, as a copy leaves it that was cut off.
    fn bad(&self) -> Result<()> {
        let half = &self.guest[..self.guest.len() / 2];
        Ok(fs::write(self.path(), half)?)
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.join("plugin.wasm")
    }
}
