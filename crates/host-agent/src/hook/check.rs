//! Whether a handler's answer counts: its verdict by its mode, a new payload by the point's schema and rules, actions by grants.

use std::sync::OnceLock;

use portcullis_contract::hook::POINTS;
use portcullis_host_core::Schema;
use serde_json::Value;

use super::change::{self, Misfit};
use super::failure::HookFailure;
use super::table::{Entry, index_of};
use super::{HookOutcome, Mode, Point, Verdict, shown};
use crate::action::{Action, Intent, Refusal, RefusedAction, grant_for, log_refusal};

/// Most actions of one answer. Each is looked at, and those that are refused go to the log one by one.
const MOST_ACTIONS: usize = 32;

/// Whether a payload is of its Rust type, which is narrower than its schema in places: base64, the ranges of integers.
pub(super) type Fits = fn(&Value) -> Result<(), String>;

/// What comes of an answer that counts.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    Proceed,
    Replace(Value),
    Cancel(String),
}

/// An answer that counts.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) step: Step,
    pub(super) intents: Vec<Intent>,
    pub(super) refused: Vec<RefusedAction>,
}

/// Judges an answer to `payload`, of which the handler saw the content where `saw_content`.
pub(super) fn judge(
    entry: &Entry,
    payload: &Value,
    saw_content: bool,
    outcome: HookOutcome,
    fits: Fits,
) -> Result<Judged, HookFailure> {
    let mode = entry.subscription.mode;
    let disallowed = |judgement| HookFailure::Disallowed { judgement, mode };
    let step = match (outcome.verdict, mode) {
        (Verdict::Proceed, _) => Step::Proceed,
        (Verdict::Replace(_), Mode::Observe) => {
            return Err(disallowed("gave a new payload"));
        }
        (Verdict::Replace(after), Mode::Modify | Mode::Gate) => {
            let after = replaced(entry, payload, saw_content, after, fits)?;
            if after == *payload {
                Step::Proceed
            } else {
                Step::Replace(after)
            }
        }
        (Verdict::Cancel(_), Mode::Observe | Mode::Modify) => {
            return Err(disallowed("cancelled"));
        }
        (Verdict::Cancel(reason), Mode::Gate) => Step::Cancel(match reason.trim() {
            "" => "no reason was given".to_owned(),
            reason => shown(reason),
        }),
    };
    let (intents, refused) = actions(entry, outcome.actions);
    Ok(Judged {
        step,
        intents,
        refused,
    })
}

/// The payload that `after` makes of `before`.
fn replaced(
    entry: &Entry,
    before: &Value,
    saw_content: bool,
    after: Value,
    fits: Fits,
) -> Result<Value, Misfit> {
    let point = entry.subscription.point;
    if !entry.permits(entry.modify_grant()) {
        return Err(Misfit::Modify(entry.modify_grant().clone()));
    }
    let (Some(fields), Value::Object(mut after)) = (before.as_object(), after) else {
        return Err(Misfit::NotAnObject);
    };
    if !saw_content {
        change::restore(point, fields, &mut after, entry.content_grant())?;
    }
    let mut after = Value::Object(after);
    fits_schema(point, &after)?;
    if let Some(after) = after.as_object_mut() {
        change::apply(entry, fields, after)?;
    }
    fits(&after).map_err(Misfit::Schema)?;
    Ok(after)
}

/// Checks a payload against its point's schema, which is compiled when it is needed first.
fn fits_schema(point: &'static Point, payload: &Value) -> Result<(), Misfit> {
    static SCHEMAS: [OnceLock<Result<Schema, String>>; POINTS.len()] =
        [const { OnceLock::new() }; POINTS.len()];
    let unknown = || Misfit::Schema("the point is not published".to_owned());
    let index = index_of(point).ok_or_else(unknown)?;
    let schema = SCHEMAS[index]
        .get_or_init(|| Schema::compile(&(point.schema)()))
        .as_ref()
        .map_err(|problem| Misfit::Schema(problem.clone()))?;
    match schema.mistakes(payload).first() {
        None => Ok(()),
        Some(mistake) => Err(Misfit::Schema(match mistake.pointer.as_str() {
            "" => mistake.problem.clone(),
            pointer => format!("{pointer}: {}", mistake.problem),
        })),
    }
}

/// Sorts actions into those that the author was granted and those that are refused.
fn actions(
    entry: &Entry,
    mut asked: Vec<Result<Action, Refusal>>,
) -> (Vec<Intent>, Vec<RefusedAction>) {
    let (mut intents, mut refused) = (Vec::new(), Vec::new());
    if asked.len() > MOST_ACTIONS {
        let all = asked.len();
        asked.truncate(MOST_ACTIONS);
        asked.push(Err(Refusal::NotAllowed(format!(
            "{all} actions in one answer; those after the first {MOST_ACTIONS} are left out"
        ))));
    }
    for action in asked {
        match action.map(|action| (granted(entry, &action), action)) {
            Ok((Ok(()), action)) => intents.push(Intent {
                author: entry.key.author.clone(),
                action,
            }),
            Ok((Err(refusal), action)) => refused.push(refuse(entry, Some(action), refusal)),
            Err(refusal) => refused.push(refuse(entry, None, refusal)),
        }
    }
    (intents, refused)
}

fn granted(entry: &Entry, action: &Action) -> Result<(), Refusal> {
    match grant_for(action.kind(), action.target()) {
        Some(needs) if entry.permits(&needs) => Ok(()),
        Some(needs) => Err(Refusal::NotGranted(needs.to_string())),
        None => Err(Refusal::NotGranted(format!("action:{}", action.kind()))),
    }
}

/// Refuses an action, where its author can find it.
pub(super) fn refuse(entry: &Entry, action: Option<Action>, refusal: Refusal) -> RefusedAction {
    log_refusal(
        &entry.key.author,
        action.as_ref().map(Action::kind),
        &refusal,
    );
    RefusedAction {
        author: entry.key.author.clone(),
        hook: entry.key.name.clone(),
        action,
        refusal,
    }
}
