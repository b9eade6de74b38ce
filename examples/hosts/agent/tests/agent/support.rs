//! The demo's agent with plugins that were built in the run, and what it shows.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use agent_host::demo::Demo;
use agent_host::ui::{Shown, Ui, line};
use portcullis_test_artifacts as artifacts;

/// Keeps what is shown.
#[derive(Default)]
pub(crate) struct Transcript(Mutex<Vec<Shown>>);

impl Ui for Transcript {
    fn show(&self, shown: Shown) {
        self.0.lock().unwrap().push(shown);
    }
}

impl Transcript {
    pub(crate) fn text(&self) -> String {
        let shown = self.0.lock().unwrap();
        shown.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(match name {
        "audit-trail" => artifacts::PLUGIN_AUDIT_TRAIL,
        "designer" => artifacts::PLUGIN_DESIGNER,
        "guard" => artifacts::PLUGIN_GUARD,
        "openai-compatible" => artifacts::PLUGIN_OPENAI_COMPATIBLE,
        "redact" => artifacts::PLUGIN_REDACT,
        "text-tools" => artifacts::PLUGIN_TEXT_TOOLS,
        other => panic!("the demo has no plugin {other}"),
    })
}

/// The demo's agent, which has not started yet.
pub(crate) async fn demo(transcript: &Arc<Transcript>) -> Demo {
    Demo::new(file, transcript.clone()).await.unwrap()
}
