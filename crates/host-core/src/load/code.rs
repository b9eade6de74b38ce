//! Where a load's code comes from: the cache, or the compiler.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::time::timeout;
use wasmtime::component::Component;

use super::blocking;
use crate::cache::CacheKey;
use crate::error::Error;
use crate::host::HostInner;
use crate::{Digest, ToolDefinition, compile};

/// Compiled code that is ready to be linked, and the definitions if they are known already.
pub(super) struct Compiled {
    pub(super) component: Component,
    pub(super) key: CacheKey,
    pub(super) definitions: Option<Vec<ToolDefinition>>,
}

/// The code of these bytes, and what the plugin says of its tools, as this host stored them.
pub(super) fn from_cache(
    host: &HostInner,
    metered: bool,
    digest: &Digest,
) -> Result<Option<Compiled>, Error> {
    let Some(cache) = &host.cache else {
        return Ok(None);
    };
    let engine = &host.engines.get(metered)?.engine;
    let key = CacheKey::new(digest, engine);
    let compiled = cache.get(engine, &key).and_then(|hit| {
        let definitions = Some(serde_json::from_slice(&hit.notes).ok()?);
        Some(Compiled {
            component: hit.component,
            key,
            definitions,
        })
    });
    let counter = if compiled.is_some() {
        &host.cache_hits
    } else {
        &host.cache_misses
    };
    counter.fetch_add(1, Ordering::Relaxed);
    Ok(compiled)
}

/// Compiles on another thread, a few at a time, for no longer than the operator allows.
pub(super) async fn compile_in_time(
    host: &Arc<HostInner>,
    metered: bool,
    bytes: Arc<[u8]>,
    digest: Digest,
    on_compile: Option<Arc<dyn Fn() + Send + Sync>>,
) -> Result<Compiled, Error> {
    let permit = Arc::clone(&host.compiles)
        .acquire_owned()
        .await
        .map_err(Error::host)?;
    on_compile.iter().for_each(|tell| tell());
    let (limits, engine) = (
        host.limits.load.clone(),
        host.engines.get(metered)?.engine.clone(),
    );
    let allowed = limits.compile_time;
    let compiling = blocking(move || {
        // A compilation that is given up goes on to its end, and so does its permit: there are never more than allowed.
        let _permit = permit;
        let component = compile::compile(&engine, &bytes, &limits)?;
        let key = CacheKey::new(&digest, &engine);
        Ok(Compiled {
            component,
            key,
            definitions: None,
        })
    });
    timeout(allowed, compiling)
        .await
        .unwrap_or(Err(Error::CompileTime { allowed }))
}

/// Keeps code for the next load.
pub(super) async fn store(
    host: &Arc<HostInner>,
    component: Component,
    key: CacheKey,
    definitions: Vec<ToolDefinition>,
) -> Result<(), Error> {
    if host.cache.is_none() {
        return Ok(());
    }
    let host = Arc::clone(host);
    blocking(move || {
        if let (Some(cache), Ok(code)) = (&host.cache, component.serialize()) {
            let notes = serde_json::to_vec(&definitions).map_err(Error::host)?;
            cache.put(&key, &code, &notes);
        }
        Ok(())
    })
    .await
}
