//! Keeps notes. Each call has a fresh instance: what stays is in the plugin's store, which the host keeps.

use portcullis_guest_sdk::prelude::*;

/// Before the number in a note's key.
const NOTE: &str = "note/";

/// The key of the last number that was given.
const LAST: &str = "last";

/// The most notes that are listed.
const LISTED: u32 = 1_000;

/// A note.
#[plugin_type]
struct Note {
    /// By which it is removed.
    number: u32,
    /// What it says.
    text: String,
}

/// Ten digits, so that the order of the keys is the order of the numbers.
fn key(number: u32) -> String {
    format!("{NOTE}{number:010}")
}

/// Adds a note and gives its number.
#[plugin_tool]
async fn add(
    /// What to note.
    text: String,
) -> Result<u32, ToolError> {
    if text.trim().is_empty() {
        return Err(ToolError::invalid_arguments(
            "the note is empty; say what to note",
        ));
    }
    let number = next().await?;
    state::set_if(&key(number), text, Expected::Absent).await?;
    Ok(number)
}

/// A number that no other call gets, however many add notes at once.
async fn next() -> Result<u32, HostError> {
    loop {
        let last = state::get_json::<u32>(LAST).await?;
        let (number, expected) = match &last {
            Some(last) => (last.value + 1, Expected::Version(&last.version)),
            None => (1, Expected::Absent),
        };
        match state::set_json_if(LAST, &number, expected).await {
            // Another call took this number.
            Err(HostError::Conflict) => {}
            taken => return taken.map(|_| number),
        }
    }
}

/// Lists the notes.
#[plugin_tool(read_only)]
async fn list() -> Result<Vec<Note>, ToolError> {
    let mut notes = Vec::new();
    for key in state::keys(NOTE, LISTED).await? {
        // It may have been removed meanwhile.
        if let Some(entry) = state::get(&key).await? {
            let number = key.trim_start_matches(NOTE).parse()?;
            let text = String::from_utf8(entry.value)?;
            notes.push(Note { number, text });
        }
    }
    Ok(notes)
}

/// Removes a note.
#[plugin_tool(destructive)]
async fn remove(
    /// Its number, as `list` gives it.
    number: u32,
) -> Result<(), ToolError> {
    let key = key(number);
    if state::get(&key).await?.is_none() {
        return Err(ToolError::not_found(format!(
            "there is no note {number}; `list` gives all"
        )));
    }
    Ok(state::delete(&key).await?)
}

#[cfg(test)]
mod tests {
    use portcullis_guest_sdk::testing::{Host, json};

    #[test]
    fn notes_are_added_listed_and_removed() {
        let host = Host::new();
        let add = |text: &str| host.call("add", json!({ "text": text })).unwrap().text();
        assert_eq!((add("milk"), add("bread")), ("1".into(), "2".into()));
        let list = || host.call("list", json!({})).unwrap().text();
        assert_eq!(
            list(),
            r#"[{"number":1,"text":"milk"},{"number":2,"text":"bread"}]"#
        );
        host.call("remove", json!({ "number": 1 })).unwrap();
        assert_eq!(list(), r#"[{"number":2,"text":"bread"}]"#);
        assert_eq!(add("eggs"), "3");
    }

    #[test]
    fn a_note_that_is_not_there_is_not_removed() {
        let error = Host::new()
            .call("remove", json!({ "number": 7 }))
            .unwrap_err();
        assert_eq!(error.code, "not-found");
    }

    #[test]
    fn an_empty_note_is_refused() {
        let error = Host::new().call("add", json!({ "text": " " })).unwrap_err();
        assert_eq!(error.code, "invalid-arguments");
    }
}
