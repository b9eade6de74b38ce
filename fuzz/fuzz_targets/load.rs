//! Any bytes are a plugin or an error, and never a panic.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use portcullis_host_core::{Grant, Host};
use tokio::runtime::{Builder, Runtime};

fn host() -> &'static (Runtime, Host) {
    static HOST: OnceLock<(Runtime, Host)> = OnceLock::new();
    HOST.get_or_init(|| {
        let runtime = Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime");
        let host = Host::builder()
            .no_cache()
            .no_audit()
            .max_in_flight(1)
            .build()
            .expect("a host");
        (runtime, host)
    })
}

fuzz_target!(|component: &[u8]| {
    let (runtime, host) = host();
    if let Err(error) = runtime.block_on(host.load(component, Grant::none())) {
        assert!(!error.to_string().is_empty());
    }
});
