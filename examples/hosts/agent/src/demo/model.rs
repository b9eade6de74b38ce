//! What the models of the demo say: a script that looks at what was said last.

use portcullis_host_agent::contract::chat::{ChatRequest, Message, Part};
use portcullis_host_agent::provider::Turn;
use serde_json::{Value, json};

const SUMMARY: &str = "The notes were read, and nothing was deleted. The user wants posters.";

/// What a model sees of a conversation, whoever it is asked by.
struct Asked {
    /// The system prompt, with what hooks added.
    system: String,
    /// What the user said last.
    said: String,
    /// What tools answered since.
    results: Vec<String>,
}

impl Asked {
    fn says(&self, words: &str) -> bool {
        self.said.contains(words)
    }

    /// The prompt's first sentence: it shows which prompt came.
    fn role(&self) -> &str {
        let mut sentences = self.system.split(['.', '\n']);
        sentences.next().unwrap_or_default()
    }

    fn last_result(&self) -> Value {
        let last = self.results.last().map_or("", String::as_str);
        serde_json::from_str(last).unwrap_or_default()
    }
}

impl From<&Value> for Asked {
    fn from(request: &Value) -> Self {
        let messages = request["messages"].as_array().cloned().unwrap_or_default();
        let text = |message: &Value| match &message["content"] {
            Value::String(text) => text.clone(),
            parts => {
                let parts = parts.as_array().into_iter().flatten();
                parts.filter_map(|part| part["text"].as_str()).collect()
            }
        };
        let is = |role: &'static str| move |message: &&Value| message["role"] == role;
        let since = messages.iter().rposition(|message| is("user")(&message));
        let results = messages.iter().skip(since.unwrap_or_default());
        Self {
            system: messages
                .iter()
                .find(is("system"))
                .map_or_else(String::new, text),
            said: since.map_or_else(String::new, |at| text(&messages[at])),
            results: results.filter(is("tool")).map(text).collect(),
        }
    }
}

impl From<&ChatRequest> for Asked {
    fn from(request: &ChatRequest) -> Self {
        let is = |role: &'static str| move |message: &&Message| message.role == role;
        let messages = &request.messages;
        let since = messages.iter().rposition(|message| message.role == "user");
        let results = messages.iter().skip(since.unwrap_or_default());
        let parts = results
            .filter(is("tool"))
            .flat_map(|message| &message.parts);
        Self {
            system: messages
                .iter()
                .find(is("system"))
                .map_or_else(String::new, Message::text),
            said: since.map_or_else(String::new, |at| messages[at].text()),
            results: parts
                .filter_map(|part| match part {
                    Part::ToolResult(result) => Some(result.text()),
                    _ => None,
                })
                .collect(),
        }
    }
}

/// The small model, as its server says it: pieces of one answer.
pub(super) fn small(request: &Value) -> Vec<Value> {
    let asked = Asked::from(request);
    if asked.says("Sum up the conversation") {
        return answer(SUMMARY);
    }
    if asked.role().contains("headings of a text") {
        return answer("Bees work, blossoms win.");
    }
    if asked.says("How long") {
        return notes(&asked);
    }
    if asked.says("van") {
        return round(&asked);
    }
    if asked.says("last time") {
        return answer(&remembered(&asked));
    }
    let tools = request["tools"].as_array().map_or(0, Vec::len);
    answer(&format!(
        "As told (\"{}\") and with {tools} tools, I say: mind the hall, goodbye.",
        asked.role()
    ))
}

/// Reads and counts; then wants to delete, which nobody lets it.
fn notes(asked: &Asked) -> Vec<Value> {
    match asked.results.len() {
        0 => {
            let counting = "org_portcullis_text-tools__word_frequencies";
            let text = json!({"text": "Notes for the talk, by Ada.", "top": 1});
            let wanted = [
                ("read_file", json!({"path": "notes.txt"})),
                (counting, text),
            ];
            tools("Let me read the notes and count.", &wanted)
        }
        2 => {
            let delete = |path: &str| ("delete_file", json!({ "path": path }));
            tools(
                "Now I clean up.",
                &[delete("/etc/passwd"), delete("notes.txt")],
            )
        }
        _ => answer(
            "Your notes have six words in their first line and are by Ada, who is reached at ada@example.org. I was not allowed to delete anything.",
        ),
    }
}

/// Has a plugin plan, which searches texts and asks a planner.
fn round(asked: &Asked) -> Vec<Value> {
    let planning = "org_portcullis_planner-tool__plan_from_notes";
    let Some(result) = asked.results.last() else {
        return tools("Let me plan.", &[(planning, json!({"about": "posters"}))]);
    };
    match asked.last_result()["steps"].as_array() {
        Some(steps) => answer(&format!(
            "In {} steps; the first: {}",
            steps.len(),
            steps[0]
        )),
        None => answer(&format!("There is no plan: {result}")),
    }
}

/// What hooks recalled, as far as it is about posters.
fn remembered(asked: &Asked) -> String {
    let mut lines = asked.system.lines();
    let line = lines.find(|line| line.contains("posters"));
    line.map_or_else(
        || "I don't remember.".to_owned(),
        |line| format!("I remember: {}", line.trim_start_matches(['|', ' '])),
    )
}

/// The large model, which a native provider plays.
pub(super) fn large(request: &ChatRequest) -> Turn {
    let asked = Asked::from(request);
    if asked.says("Sum up the conversation") {
        return Turn::new().text(SUMMARY);
    }
    if asked.says("design") && asked.results.is_empty() {
        let text = json!({"text": "# The bees\n\nThey came back.\n\n# The blossoms\n"}).to_string();
        return Turn::new().tool_use("call_5", "org_portcullis_designer__pitch", &text);
    }
    let slogan = asked.last_result()["slogan"].as_str().map(str::to_owned);
    let slogan = slogan.unwrap_or_else(|| "the title".to_owned());
    let level = request.thinking_level.as_ref();
    let level = level.map_or_else(String::new, |level| format!(" at level {level}"));
    let place = match asked.system.contains("Orchard conference") {
        true => " for the Orchard conference",
        false => "",
    };
    Turn::new()
        .text(&format!(
            "As told (\"{}\"), I am {} and think{level}: a poster{place} in two colours, with {slogan:?} on top.",
            asked.role(),
            request.model
        ))
        .usage(60, 20)
}

fn answer(text: &str) -> Vec<Value> {
    finished(words(text), "stop")
}

fn tools(text: &str, wanted: &[(&str, Value)]) -> Vec<Value> {
    let mut pieces = words(text);
    for (index, (name, arguments)) in wanted.iter().enumerate() {
        let function = json!({"name": name, "arguments": arguments.to_string()});
        let call = json!({"index": index, "id": format!("call_{name}_{index}"), "type": "function", "function": function});
        pieces.push(json!({"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}));
    }
    finished(pieces, "tool_calls")
}

fn words(text: &str) -> Vec<Value> {
    let words = text.split_inclusive(' ');
    words
        .map(|word| json!({"choices": [{"index": 0, "delta": {"content": word}}]}))
        .collect()
}

fn finished(mut pieces: Vec<Value>, reason: &str) -> Vec<Value> {
    pieces.push(json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}));
    pieces.push(json!({"choices": [], "usage": {"prompt_tokens": 40, "completion_tokens": 12}}));
    pieces
}
