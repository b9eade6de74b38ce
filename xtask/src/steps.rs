//! A task of several steps: each is announced, timed and counted, and one that fails does not hide the others.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

#[derive(Default)]
pub(crate) struct Steps {
    done: Vec<(String, Duration, Result<()>)>,
    /// What could not be tried here, and why.
    left_out: Vec<String>,
}

impl Steps {
    pub(crate) fn step(&mut self, name: &str, work: impl FnOnce() -> Result<()>) {
        println!("\n==> {name}");
        let start = Instant::now();
        let result = work();
        if let Err(error) = &result {
            eprintln!("{error:#}");
        }
        self.done.push((name.to_owned(), start.elapsed(), result));
    }

    /// Remembers what can't be tried here, to be said at the end.
    pub(crate) fn leave_out(&mut self, what: String) {
        self.left_out.push(what);
    }

    /// Prints a line for each step, and for all that was left out.
    ///
    /// # Errors
    /// A step failed.
    pub(crate) fn finish(self) -> Result<()> {
        println!();
        for (name, took, result) in &self.done {
            let word = if result.is_ok() { "ok" } else { "FAILED" };
            println!("{word:>6}  {:>6.1} s  {name}", took.as_secs_f64());
        }
        for what in &self.left_out {
            println!("left out: {what}");
        }
        let failed: Vec<_> = self
            .done
            .iter()
            .filter(|(_, _, result)| result.is_err())
            .map(|(name, ..)| name.as_str())
            .collect();
        if !failed.is_empty() {
            bail!("failed: {}", failed.join(", "));
        }
        Ok(())
    }
}
