//! A folder of a thousand signed plugins whose code is in the cache, at the start of a host.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use portcullis_host_core::{PluginDir, Registry, RegistryOptions, Status};
use portcullis_test_artifacts::PLUGIN_HELLO;
use wasmtime::{Result, ensure};

use super::load::new_host;
use crate::figures::Measured;
use crate::measure::{cores, resident_kib, threads, timed};
use crate::signed::Signer;

const PLUGINS: usize = 1_000;

/// Says to a second process where to put plugins, trust and compiled code: the one that measures finds them as after a restart.
const PREPARE: &str = "PORTCULLIS_BENCH_PREPARE";

pub(super) fn measure() -> Result<Vec<Measured>> {
    if let Some(folder) = env::var_os(PREPARE) {
        prepare(Path::new(&folder))?;
        return Ok(Vec::new());
    }
    let folder = tempfile::tempdir()?;
    let mut other = Command::new(env::current_exe()?);
    let prepared = other
        .args([crate::CHILD, "registry"])
        .env(PREPARE, folder.path())
        .status()?;
    ensure!(prepared.success(), "{prepared}");

    threads(cores())?.block_on(async {
        let host = new_host(&folder.path().join("cache"))?;
        let options = options(folder.path())?;
        let before = resident_kib()?;
        let (us, registry) = timed(host.open_registry(options)).await;
        let registry = registry?;
        let each = (resident_kib()? - before) / PLUGINS as f64;
        check(&registry)?;
        let compiled = host.stats().cache_misses;
        Ok(vec![
            Measured::new(
                "registry_1000_s",
                us / 1e6,
                format!("{} cores, {compiled} compiled", cores()),
            ),
            Measured::new("registry_1000_kib_each", each, "growth of the process"),
        ])
    })
}

/// Writes and signs the plugins, each one by its manifest, and loads them once: then they are approved, and their code is in the
/// cache.
fn prepare(folder: &Path) -> Result<()> {
    let guest = fs::read(PLUGIN_HELLO)?;
    let plugins = folder.join("plugins");
    fs::create_dir(&plugins)?;
    let signer = Signer::new(&folder.join("trust"))?;
    for number in 0..PLUGINS {
        let id = format!("org.portcullis.bench-{number}").parse()?;
        let path = plugins.join(format!("bench-{number}.wasm"));
        signer.write(&path, &guest, &id, "1.0.0")?;
    }
    threads(cores())?.block_on(async {
        let host = new_host(&folder.join("cache"))?;
        check(&host.open_registry(options(folder)?).await?)
    })
}

fn options(folder: &Path) -> Result<RegistryOptions> {
    let trust = Signer::new(&folder.join("trust"))?.trust;
    let dirs = vec![PluginDir::user(folder.join("plugins"))];
    Ok(RegistryOptions::new(dirs, trust))
}

/// All of them can be called.
fn check(registry: &Registry) -> Result<()> {
    let snapshot = registry.snapshot();
    let entries = snapshot.entries();
    let bad = entries
        .iter()
        .find(|entry| !matches!(entry.status, Status::Active));
    ensure!(bad.is_none(), "{bad:?}");
    ensure!(entries.len() == PLUGINS, "{} plugins", entries.len());
    Ok(())
}
