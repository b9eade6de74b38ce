//! A plan, carried out in mind: what does not work there is not told as if it did.

use portcullis_guest_sdk::planner::PlanStep;
use portcullis_guest_sdk::prelude::*;

use crate::pddl::{PACKAGE, PLACE};
use crate::task::Task;

/// Where the van and the packages are; none where they are aboard.
struct Now<'a> {
    task: &'a Task,
    van: usize,
    packages: Vec<Option<usize>>,
}

/// The steps of a plan, in words.
///
/// # Errors
/// Where it is no plan for this task.
pub(crate) fn in_words(task: &Task, plan: &[PlanStep]) -> Result<Vec<String>, ToolError> {
    let mut now = Now {
        task,
        van: task.van,
        packages: task.errands.iter().map(|errand| Some(errand.at)).collect(),
    };
    let mut steps = Vec::with_capacity(plan.len());
    for step in plan {
        steps.push(now.take(step).ok_or_else(|| {
            let (number, arguments) = (steps.len() + 1, step.arguments.join(" "));
            no_plan(&format!(
                "step {number}, ({} {arguments}), can't be taken",
                step.action
            ))
        })?);
    }
    let mut errands = task.errands.iter().zip(now.packages);
    match errands.find(|(errand, is)| *is != Some(errand.to)) {
        Some((errand, _)) => Err(no_plan(&format!(
            "it does not bring {:?} to {:?}",
            errand.name, task.places[errand.to]
        ))),
        None => Ok(steps),
    }
}

fn no_plan(problem: &str) -> ToolError {
    ToolError::internal(format!(
        "the host's planner gave a plan that does not work: {problem}; its operator can configure another planner"
    ))
}

impl Now<'_> {
    /// Takes a step, and says which; none where it can't be taken.
    fn take(&mut self, step: &PlanStep) -> Option<String> {
        let [first, second] = step.arguments.as_slice() else {
            return None;
        };
        let place = number(second, PLACE, self.task.places.len())?;
        let place_name = &self.task.places[place];
        // Planners are free to write names in upper case.
        if step.action.eq_ignore_ascii_case("drive") {
            let from = number(first, PLACE, self.task.places.len())?;
            if from != self.van || !self.task.leads(from, place) {
                return None;
            }
            self.van = place;
            return Some(format!(
                "Drive from {} to {place_name}.",
                self.task.places[from]
            ));
        }
        let package = number(first, PACKAGE, self.packages.len())?;
        let name = &self.task.errands[package].name;
        let is = self.packages[package];
        let (wanted, then, word) = if step.action.eq_ignore_ascii_case("load") {
            (Some(place), None, "Load")
        } else if step.action.eq_ignore_ascii_case("unload") {
            (None, Some(place), "Unload")
        } else {
            return None;
        };
        if self.van != place || is != wanted {
            return None;
        }
        self.packages[package] = then;
        Some(format!("{word} {name} at {place_name}."))
    }
}

/// The number in a planner's name for something, of which there are `count`.
fn number(name: &str, start: &str, count: usize) -> Option<usize> {
    let name = name.to_ascii_lowercase();
    let number = name.strip_prefix(start)?.parse().ok()?;
    (number < count).then_some(number)
}
