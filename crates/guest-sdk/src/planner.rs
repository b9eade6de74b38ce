//! Classical planning, by the planner that the operator configured.
//!
//! ```
//! use portcullis_guest_sdk::planner::PlanStep;
//! use portcullis_guest_sdk::prelude::*;
//! use portcullis_guest_sdk::testing::{Host, json};
//!
//! /// Plans a delivery; domain and problem are PDDL.
//! #[plugin_tool(read_only)]
//! async fn plan(domain: String, problem: String) -> Result<Vec<String>, ToolError> {
//!     let steps = planner::solve(&domain, &problem).await?;
//!     Ok(steps.iter().map(|step| format!("{} {}", step.action, step.arguments.join(" "))).collect())
//! }
//!
//! let host = Host::new().plan(Ok(vec![PlanStep::new("drive", ["truck", "depot"])]));
//! let output = host.call("plan", json!({ "domain": "(define …)", "problem": "(define …)" })).unwrap();
//! assert_eq!(output.text(), r#"["drive truck depot"]"#);
//! ```
//!
//! The manifest asks for it: `request = ["planner"]`.

use crate::HostError;

/// One step of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanStep {
    /// The action's name in the domain.
    pub action: String,
    /// Its objects, in the order of the action's parameters.
    pub arguments: Vec<String>,
}

impl PlanStep {
    /// An action on these objects.
    pub fn new<A: Into<String>>(
        action: impl Into<String>,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        Self {
            action: action.into(),
            arguments: arguments.into_iter().map(Into::into).collect(),
        }
    }
}

/// Solves a problem; `domain` and `problem` are PDDL.
///
/// # Errors
/// [`HostError::Unavailable`], if there is no planner; [`HostError`] says which other.
pub async fn solve(domain: &str, problem: &str) -> Result<Vec<PlanStep>, HostError> {
    crate::host::planner_solve(domain, problem).await
}
