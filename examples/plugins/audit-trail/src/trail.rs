//! What is kept: an entry of the store for each point, so that events of different points never wait for each other.

use std::time::{SystemTime, UNIX_EPOCH};

use portcullis_guest_sdk::hook::POINTS;
use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::serde::Serialize;
use portcullis_guest_sdk::serde_json::{self, Map, Value};

/// How many events of each point are kept: whichever they are of, the last of all are among them.
pub(crate) const KEPT: usize = 50;

/// The longest text that is kept of an event, in characters: names are shorter, and all points together stay below 1 MiB.
const LONGEST: usize = 100;

/// Before the point's name in a key.
const POINT: &str = "point/";

/// How often a point was reached.
#[plugin_type]
#[derive(Debug, PartialEq)]
pub(crate) struct Counted {
    point: String,
    count: u64,
}

/// One event.
#[plugin_type]
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Noted {
    point: String,
    /// Milliseconds since 1970.
    at: u64,
    /// What is known of it; of lists only how long they are.
    metadata: Map<String, Value>,
}

/// What is kept of one point.
#[plugin_type]
#[derive(Clone, Default)]
struct Kept {
    count: u64,
    last: Vec<Noted>,
}

/// Writes an event down. Another may write at the same time; then the later one begins anew.
pub(crate) async fn note(point: &str, metadata: Map<String, Value>) -> Result<(), ToolError> {
    let key = format!("{POINT}{point}");
    let noted = Noted {
        point: point.to_owned(),
        at: now(),
        metadata,
    };
    loop {
        let before = state::get_json::<Kept>(&key).await?;
        let (mut kept, expected) = match &before {
            Some(before) => (before.value.clone(), Expected::Version(&before.version)),
            None => (Kept::default(), Expected::Absent),
        };
        kept.count += 1;
        kept.last.push(noted.clone());
        let old = kept.last.len().saturating_sub(KEPT);
        kept.last.drain(..old);
        match state::set_json_if(&key, &kept, expected).await {
            Err(HostError::Conflict) => {}
            written => return Ok(written.map(drop)?),
        }
    }
}

/// The counts in the order of an agent's life, and all events that are kept, the newest at the end.
pub(crate) async fn all() -> Result<(Vec<Counted>, Vec<Noted>), ToolError> {
    let (mut counts, mut last) = (Vec::new(), Vec::new());
    for point in POINTS {
        if let Some(kept) = state::get_json::<Kept>(&format!("{POINT}{}", point.name)).await? {
            counts.push(Counted {
                point: point.name.to_owned(),
                count: kept.value.count,
            });
            last.extend(kept.value.last);
        }
    }
    last.sort_by_key(|noted| noted.at);
    Ok((counts, last))
}

/// Forgets everything, also what can't be read.
pub(crate) async fn clear() -> Result<(), ToolError> {
    for point in POINTS {
        state::delete(&format!("{POINT}{}", point.name)).await?;
    }
    Ok(())
}

/// By the host's clock, which stands still where the operator denies it.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}

/// What is kept of an event.
pub(crate) fn metadata(event: &impl Serialize) -> Result<Map<String, Value>, ToolError> {
    let fields: Map<String, Value> = serde_json::from_value(serde_json::to_value(event)?)?;
    let short = |(name, value)| (name, short(value));
    Ok(fields.into_iter().map(short).collect())
}

/// What fits into a line.
fn short(value: Value) -> Value {
    match value {
        Value::String(text) => text.chars().take(LONGEST).collect::<String>().into(),
        Value::Array(items) => items.len().into(),
        other => other,
    }
}
