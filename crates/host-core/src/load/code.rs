//! Where a plugin's code comes from – the cache, or the compiler – and when: with the load, or with the first call.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;
use tokio::time::timeout;
use wasmtime::component::Component;

use super::{Source, blocking, source};
use crate::cache::{Cache, CacheKey};
use crate::error::Error;
use crate::host::HostInner;
use crate::instance::Template;
use crate::{Definitions, Digest, compile, contract};

/// A plugin's code, which calls are made of: linked already, or when the first one comes.
pub(crate) struct Code {
    pub(crate) metered: bool,
    linked: OnceCell<Template>,
    /// Where to look again if the cache has lost it by then.
    source: Mutex<Option<Source>>,
}

impl Code {
    /// Linked with the load.
    pub(super) fn now(template: Template, metered: bool) -> Self {
        Self {
            metered,
            linked: OnceCell::from(template),
            source: Mutex::default(),
        }
    }

    /// To be linked when it is needed.
    pub(super) fn later(source: Source, metered: bool) -> Self {
        Self {
            metered,
            linked: OnceCell::new(),
            source: Mutex::new(Some(source)),
        }
    }

    /// The same bytes were found somewhere else.
    pub(crate) fn moved(&self, to: &Path) {
        if !self.linked.initialized() {
            *self.source() = Some(to.into());
        }
    }

    fn source(&self) -> MutexGuard<'_, Option<Source>> {
        self.source.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What instances are made of.
    ///
    /// # Errors
    /// As a load: where the code has to be compiled again, and the file is gone or is not the one that was verified.
    pub(crate) async fn template(
        &self,
        host: &Arc<HostInner>,
        digest: Digest,
        definitions: &Definitions,
    ) -> Result<&Template, Error> {
        if let Some(template) = self.linked.get() {
            return Ok(template);
        }
        let link = || async {
            let (component, key) = match cached(host, self.metered, digest).await? {
                Some(found) => return link(host, self.metered, &found.component),
                None => self.compile_again(host, digest).await?,
            };
            let template = link(host, self.metered, &component)?;
            store(host, component, key, definitions.clone()).await?;
            Ok(template)
        };
        // Rare, and larger than all that a call otherwise keeps while it waits.
        Box::pin(self.linked.get_or_try_init(link)).await
    }

    /// Reads the source again, which must be what it was.
    async fn compile_again(
        &self,
        host: &Arc<HostInner>,
        digest: Digest,
    ) -> Result<(Component, CacheKey), Error> {
        let Some(source) = self.source().clone() else {
            return Err(Error::host("code that was linked is to be linked again"));
        };
        let most = host.limits.load.component_bytes;
        let bytes = blocking(move || source::read_again(&source, &digest, most)).await?;
        compile_in_time(host, self.metered, bytes, digest, None).await
    }
}

/// What the cache has of a plugin.
pub(super) struct Cached {
    pub(super) component: Component,
    pub(super) definitions: Definitions,
}

/// The code of these bytes, and what the plugin says of itself, as this host stored them.
pub(super) async fn cached(
    host: &Arc<HostInner>,
    metered: bool,
    digest: Digest,
) -> Result<Option<Cached>, Error> {
    in_cache(host, metered, digest, move |cache, host, key| {
        let definitions = definitions(cache, key)?;
        let engine = &host.engines.get(metered).ok()?.engine;
        let component = cache.code(engine, key)?;
        Some(Cached {
            component,
            definitions,
        })
    })
    .await
}

/// What the plugin of these bytes says of itself, where its code seems to be there too; the code is not looked at.
pub(super) async fn cached_definitions(
    host: &Arc<HostInner>,
    metered: bool,
    digest: Digest,
) -> Result<Option<Definitions>, Error> {
    in_cache(host, metered, digest, |cache, _, key| {
        let definitions = definitions(cache, key)?;
        cache.has_code(key).then_some(definitions)
    })
    .await
}

fn definitions(cache: &Cache, key: &CacheKey) -> Option<Definitions> {
    serde_json::from_slice(&cache.notes(key)?).ok()
}

async fn in_cache<T: Send + 'static>(
    host: &Arc<HostInner>,
    metered: bool,
    digest: Digest,
    find: impl FnOnce(&Cache, &HostInner, &CacheKey) -> Option<T> + Send + 'static,
) -> Result<Option<T>, Error> {
    let host = Arc::clone(host);
    blocking(move || {
        let Some(cache) = &host.cache else {
            return Ok(None);
        };
        let key = CacheKey::new(&digest, &host.engines.get(metered)?.engine);
        let found = find(cache, &host, &key);
        let counter = match found {
            Some(_) => &host.cache_hits,
            None => &host.cache_misses,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        Ok(found)
    })
    .await
}

/// Checks what the code imports and exports, and links it.
pub(super) fn link(
    host: &HostInner,
    metered: bool,
    component: &Component,
) -> Result<Template, Error> {
    let runtime = host.engines.get(metered)?;
    let exports = contract::check(component, &runtime.engine, &host.extensions)?;
    Template::new(
        runtime,
        component,
        exports,
        Arc::clone(&host.live_instances),
    )
}

/// Compiles on another thread, a few at a time, for no longer than the operator allows.
pub(super) async fn compile_in_time(
    host: &Arc<HostInner>,
    metered: bool,
    bytes: Arc<[u8]>,
    digest: Digest,
    on_compile: Option<Arc<dyn Fn() + Send + Sync>>,
) -> Result<(Component, CacheKey), Error> {
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
        Ok((component, key))
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
    definitions: Definitions,
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
