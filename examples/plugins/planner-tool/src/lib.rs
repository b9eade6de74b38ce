//! Plans a van's round: the task becomes PDDL, the host's planner solves it, and the answer is its steps in words. The task is
//! given, or found in the texts that the operator made available.

mod notes;
mod pddl;
mod round;
mod task;

use portcullis_guest_sdk::prelude::*;

use crate::notes::{Noted, Notes};
use crate::task::{Package, Road, Task};

/// How many places of the texts are looked at.
const CHUNKS: u32 = 20;

/// What lines have in them that say something about a round.
const WORDS: &str = "package van road is at goes to leads from";

/// A round.
#[plugin_type]
struct Round {
    /// What to do, in order; nothing where all is in its place.
    steps: Vec<String>,
}

/// A round, and what it was planned from.
#[plugin_type]
struct NotedRound {
    /// What to do, in order; nothing where all is in its place.
    steps: Vec<String>,
    /// What is written down that counted.
    facts: Vec<Noted>,
}

/// Plans the round of a van that brings packages where they go.
#[plugin_tool(read_only)]
async fn plan_round(
    /// Where the van is.
    van: String,
    /// What it brings.
    packages: Vec<Package>,
    /// Where it can drive, both ways; from everywhere to everywhere if left out.
    #[arg(default)]
    roads: Vec<Road>,
) -> Result<Round, ToolError> {
    let task = Task::new(&van, &packages, &roads)?;
    Ok(Round {
        steps: solve(&task).await?,
    })
}

/// Plans the round that notes speak of. They say `The van is at PLACE.`, `Package NAME is at PLACE, goes to PLACE.` and, unless it
/// can drive everywhere, `A road leads from PLACE to PLACE.`, a line each.
#[plugin_tool(read_only)]
async fn plan_from_notes(
    /// What the notes are about, to find the right ones.
    #[arg(default)]
    about: String,
    /// Which texts are searched; all that this plugin may see if left out.
    corpus: Option<String>,
) -> Result<NotedRound, ToolError> {
    let query = format!("{about} {WORDS}");
    let chunks = retrieval::search(corpus.as_deref(), query.trim(), CHUNKS).await?;
    let notes = Notes::read(&chunks)?;
    let task = Task::new(&notes.van()?, &notes.packages, &notes.roads)?;
    Ok(NotedRound {
        steps: solve(&task).await?,
        facts: notes.facts,
    })
}

async fn solve(task: &Task) -> Result<Vec<String>, ToolError> {
    if task.is_done() {
        return Ok(Vec::new());
    }
    let plan = planner::solve(pddl::DOMAIN, &pddl::problem(task)).await;
    let plan = plan.map_err(|error| match error {
        HostError::NotFound { message } => ToolError::not_found(format!(
            "{message}: the van can't reach all that it has to; see that roads lead to every package and to where it goes"
        )),
        other => other.into(),
    })?;
    round::in_words(task, &plan)
}

#[cfg(test)]
mod tests;
