//! What an approval is about: how a plugin was and how it is, side by side, safe to look at.

use crate::commands::describe::row;
use crate::escape;
use crate::output::{BAD, DIM, GOOD, HEADING};
use portcullis_host_core::{Capability, Pending};
use portcullis_host_policy::trust::{Difference, Hold, KeyId, Locked};
use serde_json::{Value, json};
use similar::{ChangeTag, TextDiff};
use std::time::Duration;

/// Longest time that is spent on the shortest difference; after it, a longer one will do.
const PATIENCE: Duration = Duration::from_secs(1);

/// Lines around what changed.
const CONTEXT: usize = 2;

pub(super) fn as_json(pending: &Pending) -> Value {
    let difference = |Difference {
                          kind,
                          name,
                          before,
                          after,
                      }: &Difference| {
        json!({ "kind": kind, "name": name, "before": before, "after": after })
    };
    json!({
        "id": pending.id,
        "path": pending.path,
        "was": pending.was,
        "now": pending.now,
        "holds": pending.holds.iter().map(Hold::to_string).collect::<Vec<_>>(),
        "differences": pending.differences.iter().map(difference).collect::<Vec<_>>(),
    })
}

pub(super) fn as_text(pending: &Pending) -> String {
    let (was, now) = (pending.was.as_ref(), &pending.now);
    let version = |locked: &Locked| {
        locked
            .version
            .as_ref()
            .map_or("none".to_owned(), ToString::to_string)
    };
    let digest = |locked: &Locked| locked.digest.to_string();
    let key = |locked: &Locked| {
        locked
            .key
            .as_ref()
            .map_or("nobody".to_owned(), KeyId::to_string)
    };
    let changed = |of: &dyn Fn(&Locked) -> String| {
        let before = was.map(of).filter(|before| *before != of(now));
        let before = before.map(|before| format!("{before}, before"));
        [of(now)].into_iter().chain(before)
    };
    let mut text = row("plugin", [pending.id.as_str()])
        + &row("file", [pending.path.to_string_lossy()])
        + &row("version", changed(&version))
        + &row("digest", changed(&digest))
        + &row("signed by", changed(&key))
        + &row("held", pending.holds.iter().map(Hold::to_string));
    let before = was.map_or(&[][..], |was| &was.capabilities);
    text += &capabilities("asks anew", "+", &now.capabilities, before);
    text += &capabilities("no longer", "-", before, &now.capabilities);
    for difference in &pending.differences {
        text += &difference_text(difference);
    }
    text
}

/// Those that are not among the others, in words.
fn capabilities(label: &str, sign: &str, these: &[Capability], others: &[Capability]) -> String {
    let new = these
        .iter()
        .filter(|capability| !others.contains(capability));
    let rows: Vec<_> = new
        .flat_map(|one| [format!("{sign} {one}"), format!("    may {}", one.words())])
        .collect();
    match rows.is_empty() {
        true => String::new(),
        false => row(label, rows),
    }
}

fn difference_text(difference: &Difference) -> String {
    let what = match (&difference.before, &difference.after) {
        (None, _) => "new",
        (_, None) => "gone",
        _ => "changed",
    };
    let (kind, name) = (
        escape::line(&difference.kind),
        escape::line(&difference.name),
    );
    let mut text = format!("\n{HEADING}{kind}: {name}{HEADING:#} {DIM}{what}{DIM:#}\n");
    // Escaped before they are compared: what can't be seen makes a difference that can.
    let shown = |value: &Option<Value>| value.as_ref().map(shown).unwrap_or_default();
    let (before, after) = (shown(&difference.before), shown(&difference.after));
    let diff = TextDiff::configure()
        .timeout(PATIENCE)
        .diff_lines(&before, &after);
    for group in diff.grouped_ops(CONTEXT) {
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let line = change.value().trim_end_matches('\n');
            text += &match change.tag() {
                ChangeTag::Delete => format!("{BAD}- {line}{BAD:#}\n"),
                ChangeTag::Insert => format!("{GOOD}+ {line}{GOOD:#}\n"),
                ChangeTag::Equal => format!("  {line}\n"),
            };
        }
    }
    text
}

/// A value over several lines, none of which a terminal obeys: texts as they would be read, the rest as JSON.
fn shown(value: &Value) -> String {
    let Value::Object(fields) = value else {
        return block(value);
    };
    let field = |(name, value): (&String, &Value)| {
        format!("{}: {}\n", escape::line(name), block(value).trim())
    };
    fields.iter().map(field).collect()
}

fn block(value: &Value) -> String {
    let text = match value {
        Value::String(text) => escape::text(text).into_owned(),
        other => escape::json(&format!("{other:#}")).into_owned(),
    };
    text.lines().map(|line| format!("  {line}\n")).collect()
}
