//! Brings hooks and no tools: a package that not every host serves.

wit_bindgen::generate!({
    path: "../../wit",
    inline: r#"
        package portcullis:guest;

        world guest {
            import portcullis:host/state@0.1.0;
            export portcullis:hook/hooks@0.1.0;
        }
    "#,
    world: "portcullis:guest/guest",
    generate_all,
});

use exports::portcullis::hook::hooks::{Event, Guest, HookError, Outcome, Subscription};
use portcullis::hook::hook_types::{Mode, Verdict};
use portcullis::host::state;

struct Plugin;

impl Guest for Plugin {
    fn list_hooks() -> Vec<Subscription> {
        vec![Subscription {
            point: "before-tool-call".into(),
            name: "remember".into(),
            mode: Mode::Observe,
            phase: "telemetry".into(),
            priority: 0,
        }]
    }

    async fn on_event(_name: String, event: Event) -> Result<Outcome, HookError> {
        state::set("last".into(), event.id.into_bytes(), None)
            .await
            .map_err(|error| HookError {
                code: error.code,
                message: error.message,
            })?;
        Ok(Outcome {
            verdict: Verdict::Proceed,
            actions: Vec::new(),
        })
    }
}

export!(Plugin);
