//! Who asks in tests.

use std::sync::Arc;
use std::time::Duration;

use portcullis_host_core::{Chain, Link, PluginId, ServiceCaller, Services};
use portcullis_host_policy::{Digest, Identity};
use tokio::time::Instant;

/// A plugin whose call ends `within` from now.
pub(super) fn caller(within: Duration) -> ServiceCaller {
    let plugin: PluginId = "org.example.asker".parse().unwrap();
    let link = Link {
        plugin: plugin.clone(),
        what: "ask".to_owned(),
    };
    ServiceCaller {
        plugin,
        identity: Identity::from(Digest::of(b"asker")),
        call: Arc::from("call-1"),
        principal: None,
        chain: Chain::of(link, Instant::now() + within),
        services: Services::default(),
        log: None,
    }
}
