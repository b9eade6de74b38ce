//! Takes out of results and answers what nobody should keep: e-mail addresses, card numbers, keys and tokens.
//!
//! Each of the scanners looks at every character a fixed number of times at most, whatever the text.

mod card;
mod email;
mod key;
mod scan;

use portcullis_guest_sdk::chat::{Extension, Media, ToolResultPart};
use portcullis_guest_sdk::hook::{LlmOutput, ToolResultPersist};
use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::serde_json::{self, Value};

use crate::scan::{Kinds, redacted};

/// Before a result is stored and sent to the model.
#[plugin_hook("tool-result-persist", mode = modify)]
fn redact_result(mut event: ToolResultPersist) -> Option<ToolResultPersist> {
    let kinds = kinds();
    let mut changed = false;
    for part in &mut event.result {
        changed |= redact_part(part, &kinds);
    }
    changed.then_some(event)
}

/// Before an answer is stored and shown.
#[plugin_hook("llm-output", mode = modify)]
fn redact_answer(event: LlmOutput) -> Option<LlmOutput> {
    let text = redacted(&event.text, &kinds())?;
    Some(LlmOutput { text, ..event })
}

/// What the operator wants taken out. Settings that can't be read take out everything: an agent goes on without a hook that
/// fails, and then nothing would be.
fn kinds() -> Kinds {
    config::all().unwrap_or_else(|error| {
        log::warn!("everything is taken out: {error}");
        Kinds::default()
    })
}

/// Whether it was changed. What is no text is left as it is.
fn redact_part(part: &mut ToolResultPart, kinds: &Kinds) -> bool {
    match part {
        ToolResultPart::Text(text) => replace(text, redacted(text, kinds)),
        ToolResultPart::Media(Media { data, .. }) => {
            let text = str::from_utf8(data).ok();
            let text = text.and_then(|text| redacted(text, kinds));
            replace(data, text.map(String::into_bytes))
        }
        ToolResultPart::Other(Extension { payload, .. }) => {
            let json = serde_json::from_str(payload).ok();
            let json = json.and_then(|mut json| redact_json(&mut json, kinds).then_some(json));
            replace(payload, json.map(|json| json.to_string()))
        }
    }
}

fn replace<T>(old: &mut T, new: Option<T>) -> bool {
    let changed = new.is_some();
    if let Some(new) = new {
        *old = new;
    }
    changed
}

/// Each text and number by itself, so that it stays JSON.
fn redact_json(value: &mut Value, kinds: &Kinds) -> bool {
    let text = match value {
        Value::String(text) => redacted(text, kinds),
        Value::Number(number) => redacted(&number.to_string(), kinds),
        Value::Array(items) => {
            return items
                .iter_mut()
                .fold(false, |changed, item| redact_json(item, kinds) | changed);
        }
        Value::Object(fields) => {
            return fields
                .values_mut()
                .fold(false, |changed, field| redact_json(field, kinds) | changed);
        }
        Value::Null | Value::Bool(_) => None,
    };
    replace(value, text.map(Value::String))
}

#[cfg(test)]
mod tests;
