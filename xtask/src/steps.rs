//! A task of several steps: each is announced, timed and counted, and one that fails does not hide the others.
//! One that needs what can't be installed here is skipped, and the last lines say so.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

#[derive(Default)]
pub(crate) struct Steps {
    done: Vec<Done>,
}

struct Done {
    name: String,
    took: Duration,
    outcome: Outcome,
}

enum Outcome {
    Passed,
    Failed,
    /// What it needs can't be installed, for this reason.
    Skipped(String),
}

impl Steps {
    pub(crate) fn step(&mut self, name: &str, work: impl FnOnce() -> Result<()>) {
        self.step_with(name, || Ok(()), |()| work());
    }

    /// A step that needs something from elsewhere. Where that can't be installed, the step is skipped.
    pub(crate) fn step_with<T>(
        &mut self,
        name: &str,
        install: impl FnOnce() -> Result<T>,
        work: impl FnOnce(T) -> Result<()>,
    ) {
        println!("\n==> {name}");
        let start = Instant::now();
        let outcome = match install() {
            Ok(needed) => match work(needed) {
                Ok(()) => Outcome::Passed,
                Err(error) => {
                    eprintln!("{error:#}");
                    Outcome::Failed
                }
            },
            Err(error) => {
                eprintln!("skipped: {error:#}");
                Outcome::Skipped(format!("{error:#}"))
            }
        };
        self.done.push(Done {
            name: name.to_owned(),
            took: start.elapsed(),
            outcome,
        });
    }

    /// Prints a line for each step, and last what was skipped.
    ///
    /// # Errors
    /// A step failed.
    pub(crate) fn finish(self) -> Result<()> {
        println!();
        let (mut failed, mut skipped) = (Vec::new(), Vec::new());
        for done in &self.done {
            let word = match &done.outcome {
                Outcome::Passed => "ok",
                Outcome::Failed => {
                    failed.push(done.name.as_str());
                    "FAILED"
                }
                Outcome::Skipped(reason) => {
                    skipped.push((done.name.as_str(), reason));
                    "skipped"
                }
            };
            println!(
                "{word:>7}  {:>6.1} s  {}",
                done.took.as_secs_f64(),
                done.name
            );
        }
        for (name, reason) in skipped {
            let reason = reason.lines().next().unwrap_or_default();
            println!("\nNOT RUN: {name}, since what it needs can't be installed here: {reason}");
        }
        if !failed.is_empty() {
            bail!("failed: {}", failed.join(", "));
        }
        Ok(())
    }
}
