//! Questions to who sits at the terminal.

use crate::commands::plugins::PluginsError;
use crate::escape;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

/// Goes on where the command line or the person says yes.
pub(crate) fn sure(yes: bool, question: &str) -> Result<(), PluginsError> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(PluginsError::NobodyToAsk);
    }
    let mut stderr = anstream::stderr().lock();
    // A closed stderr shows no question, and its answer is none.
    let _ = write!(stderr, "{} [y/N] ", escape::line(question)).and_then(|()| stderr.flush());
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    match read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes") {
        true => Ok(()),
        false => Err(PluginsError::Declined),
    }
}
