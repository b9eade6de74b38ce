//! Many calls and many changes at once.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use portcullis_host_core::{CallOptions, Limits, Registry};
use serde_json::json;
use tokio::time::{Instant, interval, sleep};

use crate::support::*;

/// Calls fifty times a second until it is told to stop; each answer is that of the version that it was asked of.
async fn call_on(registry: Registry, stop: Arc<AtomicBool>, calls: Arc<AtomicU32>) {
    let mut tick = interval(Duration::from_millis(20));
    while !stop.load(Ordering::Relaxed) {
        tick.tick().await;
        let snapshot = registry.snapshot();
        let plugin = snapshot.get(&id(ID)).unwrap();
        let number = plugin.version().unwrap().major;
        let output = plugin
            .call("marker", json!({}), CallOptions::default())
            .await;
        assert_eq!(output.unwrap().text(), format!("{number:04}{number:04}"));
        calls.fetch_add(1, Ordering::Relaxed);
        assert_eq!(mark(&registry).await.len(), 8);
        calls.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_go_on_through_a_hundred_reloads_good_and_bad() {
    let site = Site::new();
    site.install("one.wasm", &version(1));
    let mut limits = Limits::default();
    limits.plugin.calls_per_minute = u32::MAX;
    limits.host.calls_per_minute = u32::MAX;
    let host = builder().limits(limits).build().unwrap();
    let registry = site.open_in(&host).await;
    let (stop, calls) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU32::new(0)),
    );
    let callers: Vec<_> = (0..4)
        .map(|_| tokio::spawn(call_on(registry.clone(), stop.clone(), calls.clone())))
        .collect();
    let (begun, mut good, mut snapshots) = (Instant::now(), 1, Vec::new());
    for reload in 0..100 {
        snapshots.push(Arc::downgrade(&registry.snapshot()));
        match reload % 4 {
            0 | 2 => {
                good += 1;
                site.install("one.wasm", &version(good));
            }
            1 => fs::write(site.user("one.wasm"), "half").unwrap(),
            _ => version(1).put(&site.user("one.wasm"), &[]),
        }
        let snapshot = registry.refresh().await.unwrap();
        assert_eq!(active(&snapshot, ID).unwrap(), format!("{good}.0.0"));
        sleep(Duration::from_millis(10)).await;
    }
    stop.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await.unwrap();
    }
    assert_eq!(good, 51);
    let wanted = begun.elapsed().as_secs_f64() * 50.0;
    let made = calls.load(Ordering::Relaxed);
    assert!(
        f64::from(made) > wanted,
        "{made} calls, of more than {wanted}"
    );
    let current = Arc::downgrade(&registry.snapshot());
    let others = snapshots.iter().filter(|old| !old.ptr_eq(&current));
    assert_eq!(others.filter(|old| old.upgrade().is_some()).count(), 0);
    assert_eq!(host.stats().live_instances, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_changes_a_second_are_a_few_looks() {
    let site = Site::new();
    site.install("one.wasm", &version(1));
    let host = host();
    let registry = site.open_in(&host).await;
    let _watch = registry.watch();
    let mut changes = host.subscribe();
    let begun = Instant::now();
    let (one, two) = (version(2), version(3));
    for change in 0..1000 {
        let made = if change % 2 == 0 { &one } else { &two };
        fs::write(site.user("one.wasm"), &made.bytes).unwrap();
        if change % 10 == 0 {
            sleep(Duration::from_millis(10)).await;
        }
    }
    let seconds = begun.elapsed().as_secs() + 1;
    assert_eq!(mark(&registry).await, "00010001");
    site.install("one.wasm", &version(4));
    wait_for(&mut changes, "updated 1 4").await;
    // A look takes at least as long as it must be quiet before it, and where it never is, a second.
    let loads = host.stats().cache_hits + host.stats().cache_misses;
    assert!(loads <= 4 * (seconds + 2), "{loads} loads in {seconds} s");
}
