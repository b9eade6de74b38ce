//! A load as it is seen from outside.

use std::time::Instant;

use tracing::{Instrument as _, Span, field};

use super::{end, names, panicked};
use crate::error::Error;
use crate::host::HostInner;
use crate::load::Candidate;
use crate::plugin::Plugin;

/// Runs a load within its span, and says how it ended.
pub(crate) async fn watch_load(
    host: &HostInner,
    work: impl Future<Output = Result<Plugin, Error>>,
) -> Result<Plugin, Error> {
    let begun = Instant::now();
    let span = tracing::info_span!(
        names::LOAD,
        { names::PLUGIN_ID } = field::Empty,
        { names::PLUGIN_VERSION } = field::Empty,
        { names::PLUGIN_DIGEST } = field::Empty,
        { names::INSTANCE_POLICY } = field::Empty,
        { names::CACHE_HIT } = field::Empty,
        { names::OUTCOME } = field::Empty,
        { names::ERROR_TYPE } = field::Empty,
        otel.status_code = field::Empty,
    );
    let loaded = work.instrument(span.clone()).await;
    let kind = match &loaded {
        Ok(plugin) => {
            span.record(names::INSTANCE_POLICY, plugin.instance_policy().as_str());
            span.record(names::CACHE_HIT, plugin.from_cache());
            end(&span, "ok", None);
            None
        }
        Err(error) => {
            let kind = error.kind().to_string();
            end(&span, "error", Some(&kind));
            if let Error::Probe { source } = error
                && let Error::Trapped(trap) = &**source
            {
                span.in_scope(|| panicked(trap, None, None));
            }
            Some(kind)
        }
    };
    if let Some(metrics) = &host.metrics {
        metrics.load(kind.as_deref(), begun.elapsed());
    }
    loaded
}

/// Says in the load's span whose load it is.
pub(crate) fn of_candidate(candidate: &Candidate) {
    let span = Span::current();
    if span.is_disabled() {
        return;
    }
    span.record(names::PLUGIN_ID, field::display(&candidate.id));
    span.record(names::PLUGIN_DIGEST, field::display(&candidate.digest));
    if let Some(manifest) = &candidate.manifest {
        span.record(
            names::PLUGIN_VERSION,
            field::display(&manifest.plugin.version),
        );
    }
}
