//! Plans as the planning competitions write them: an action a line, `(move left right)`, and comments after `;`.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use portcullis_host_core::PlanStep;
use portcullis_host_policy::escape;

/// The largest plan, in bytes: some ten thousand steps, which no plugin carries out.
const PLAN_BYTES: u64 = 512 << 10;

/// How much of a line that is no action is repeated, in characters.
const SHOWN: usize = 80;

/// Why a plan can't be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreadable {
    #[error("it has more than {PLAN_BYTES} bytes")]
    TooLong,
    #[error("it is not UTF-8")]
    NotText,
    #[error("line {0} is no action: {1}")]
    Line(usize, String),
    #[error("{}", .0.kind())]
    Io(#[from] io::Error),
}

/// The plan in a file; none where there is no file.
pub(super) fn of_file(path: &Path) -> Result<Option<Vec<PlanStep>>, Unreadable> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut bytes = Vec::new();
    file.take(PLAN_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > PLAN_BYTES {
        return Err(Unreadable::TooLong);
    }
    let text = String::from_utf8(bytes).map_err(|_| Unreadable::NotText)?;
    let mut steps = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = without_comment(line);
        if line.is_empty() {
            continue;
        }
        let step = step(line).ok_or_else(|| {
            let shown: String = line.chars().take(SHOWN).collect();
            Unreadable::Line(at + 1, escape::line(&shown))
        })?;
        steps.push(step);
    }
    Ok(Some(steps))
}

/// The plan among what a planner printed: the lines that are actions. None where there are none.
pub(super) fn of_output(output: &[u8]) -> Option<Vec<PlanStep>> {
    let text = String::from_utf8_lossy(output);
    let steps: Vec<PlanStep> = text
        .lines()
        .filter_map(|line| step(without_comment(line)))
        .collect();
    (!steps.is_empty()).then_some(steps)
}

fn without_comment(line: &str) -> &str {
    line.split_once(';').map_or(line, |(line, _)| line).trim()
}

/// `(action object …)`.
fn step(line: &str) -> Option<PlanStep> {
    let inner = line.strip_prefix('(')?.strip_suffix(')')?;
    if inner.contains(['(', ')']) {
        return None;
    }
    let mut words = inner.split_whitespace().map(str::to_owned);
    Some(PlanStep {
        action: words.next()?,
        arguments: words.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Result<Vec<PlanStep>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan");
        std::fs::write(&path, text).unwrap();
        of_file(&path)
            .map(Option::unwrap)
            .map_err(|error| error.to_string())
    }

    fn shown(steps: &[PlanStep]) -> Vec<String> {
        let show = |step: &PlanStep| format!("{} {}", step.action, step.arguments.join(" "));
        steps.iter().map(show).collect()
    }

    #[test]
    fn a_plan_is_an_action_a_line() {
        let plan = read(b"; found\n(pick red left) ; first\n\n  ( move  left right )\n(wait)\n; cost = 3 (unit cost)\n");
        assert_eq!(
            shown(&plan.unwrap()),
            ["pick red left", "move left right", "wait "]
        );
        assert_eq!(
            read(b"").unwrap(),
            [],
            "nothing has to be done for a goal that is met"
        );
    }

    #[test]
    fn what_is_no_plan_is_not_half_read() {
        for (text, why) in [
            (
                &b"(pick red)\nbut\x07 then"[..],
                r"line 2 is no action: but\u{7} then",
            ),
            (b"0.000: (pick red) [1.0]", "line 1"),
            (b"()", "line 1"),
            (b"(pick (red))", "line 1"),
            (b"(pick red", "line 1"),
            (b"\xff", "UTF-8"),
            (&b"(wait)\n".repeat(100_000), "bytes"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_has_no_plan() {
        let folder = tempfile::tempdir().unwrap();
        assert!(of_file(&folder.path().join("plan")).unwrap().is_none());
    }

    #[test]
    fn actions_are_picked_out_of_what_a_planner_prints() {
        let output =
            b"12 nodes (3 expanded)\n(pick red left)\nINFO (done)\n(move left right) ; 2\n";
        let plan = of_output(output).unwrap();
        assert_eq!(shown(&plan), ["pick red left", "move left right"]);
        assert_eq!(of_output(b"no solution (sorry)"), None);
    }
}
