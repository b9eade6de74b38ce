//! Plugins whose code is in the cache: one, and a thousand.

use std::fs;
use std::path::{Path, PathBuf};

use portcullis_host_core::{Grant, Host, Plugin};
use portcullis_host_policy::manifest::section;
use portcullis_test_artifacts::PLUGIN_HELLO;
use tokio::task::JoinSet;
use wasmtime::error::Context;
use wasmtime::{Result, ensure};

use super::{host, limits};
use crate::figures::Measured;
use crate::measure::{cores, median, resident_kib, threads, timed};

const PLUGINS: usize = 1_000;

/// Loads whose median is the figure.
const ONE_BY_ONE: usize = 101;

/// Room for all of them.
const CACHE_BYTES: u64 = 8 << 30;

pub(super) fn measure() -> Result<Vec<Measured>> {
    let folder = tempfile::tempdir()?;
    let cache = folder.path().join("cache");
    let files = variants(folder.path())?;
    let runtime = threads(cores())?;
    runtime.block_on(async {
        load_all(&new_host(&cache)?, &files).await?;
        let one = one_by_one(&new_host(&cache)?, &files).await?;

        let host = new_host(&cache)?;
        let before = resident_kib()?;
        let (us, plugins) = timed(load_all(&host, &files)).await;
        let plugins = plugins?;
        let each = (resident_kib()? - before) / PLUGINS as f64;
        ensure!(plugins.iter().all(Plugin::from_cache), "a load compiled");
        Ok(vec![
            Measured::new(
                "cached_load_ms",
                one / 1e3,
                format!("median of {ONE_BY_ONE}, host running"),
            ),
            Measured::new("load_1000_s", us / 1e6, format!("{} at a time", cores())),
            Measured::new("load_1000_kib_each", each, "growth of the process"),
        ])
    })
}

/// Copies of the smallest example, each a plugin of its own by its manifest.
fn variants(folder: &Path) -> Result<Vec<PathBuf>> {
    let guest = fs::read(PLUGIN_HELLO)?;
    let variant = |number| {
        let manifest =
            format!("[plugin]\nid = \"org.portcullis.bench-{number}\"\nversion = \"1.0.0\"\n");
        let path = folder.join(format!("bench-{number}.wasm"));
        fs::write(&path, section::embed(&guest, &manifest)?)?;
        Ok(path)
    };
    (0..PLUGINS).map(variant).collect()
}

/// A host with room for all of them in its cache.
pub(super) fn new_host(cache: &Path) -> Result<Host> {
    let mut limits = limits();
    limits.host.cache_bytes = CACHE_BYTES;
    Ok(host(limits).cache_dir(cache).build()?)
}

async fn one_by_one(host: &Host, files: &[PathBuf]) -> Result<f64> {
    host.load(files.last().context("no plugin")?.as_path(), Grant::none())
        .await?;
    let mut times = Vec::new();
    for file in &files[..ONE_BY_ONE] {
        let (us, plugin) = timed(host.load(file.as_path(), Grant::none())).await;
        ensure!(plugin?.from_cache(), "a load compiled");
        times.push(us);
    }
    Ok(median(times))
}

/// As many at a time as there are cores.
async fn load_all(host: &Host, files: &[PathBuf]) -> Result<Vec<Plugin>> {
    let mut tasks = JoinSet::new();
    for share in files.chunks(files.len().div_ceil(cores())) {
        let (host, share) = (host.clone(), share.to_owned());
        tasks.spawn(async move {
            let mut plugins = Vec::new();
            for file in share {
                plugins.push(host.load(file, Grant::none()).await?);
            }
            Ok::<_, portcullis_host_core::Error>(plugins)
        });
    }
    let mut plugins = Vec::new();
    while let Some(share) = tasks.join_next().await {
        plugins.extend(share??);
    }
    Ok(plugins)
}
