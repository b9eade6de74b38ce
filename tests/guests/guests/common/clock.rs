//! Waiting in a host call, in the two ways there are. The standard library's `sleep` blocks the whole instance in WASI
//! 0.2; the clock of WASI 0.3 lets the instance's other tasks run.

wit_bindgen::generate!({
    inline: r#"
        package portcullis:guest-clock;

        world imports {
            import wasi:clocks/monotonic-clock@0.3.0;
        }

        package wasi:clocks@0.3.0 {
            interface monotonic-clock {
                wait-for: async func(nanoseconds: u64);
            }
        }
    "#,
    world: "portcullis:guest-clock/imports",
    generate_all,
});

/// Waits without blocking the instance.
pub(crate) async fn wait(milliseconds: u64) {
    wasi::clocks::monotonic_clock::wait_for(milliseconds.saturating_mul(1_000_000)).await;
}
