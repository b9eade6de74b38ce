//! The demo's agent with plugins that were built in the run, and what it shows.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use agent_host::demo::Demo;
use agent_host::ui::{Shown, Ui, line};
use portcullis_host_agent::core::Planner;
use portcullis_host_agent::service::CommandPlanner;
use portcullis_test_artifacts as artifacts;
use portcullis_test_tools::pyperplan;

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
        "planner-tool" => artifacts::PLUGIN_PLANNER_TOOL,
        "redact" => artifacts::PLUGIN_REDACT,
        "text-tools" => artifacts::PLUGIN_TEXT_TOOLS,
        other => panic!("the demo has no plugin {other}"),
    })
}

/// The demo's agent, which has not started yet, with a planner.
pub(crate) async fn demo(transcript: &Arc<Transcript>) -> Demo {
    let python = pyperplan::python(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap();
    let planner = CommandPlanner::new(python, pyperplan::ARGUMENTS).unwrap();
    let planner: Arc<dyn Planner> = Arc::new(planner);
    demo_with(Some(planner), transcript).await
}

pub(crate) async fn demo_with(
    planner: Option<Arc<dyn Planner>>,
    transcript: &Arc<Transcript>,
) -> Demo {
    Demo::new(file, planner, transcript.clone()).await.unwrap()
}
