//! Tools that ask back: the client's model, and the person in front of it.

use portcullis_guest_sdk::ask::{self, Answer};
use portcullis_guest_sdk::chat::{ChatRequest, Message};
use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::serde_json::{Value, json};

/// Enough for a sentence or two.
const MAX_TOKENS: u32 = 100;

/// Asks a model, and answers what it said.
#[plugin_tool(open_world)]
async fn test_sampling(
    /// What to ask.
    prompt: String,
) -> Result<String, ToolError> {
    let request = ChatRequest {
        messages: vec![Message::user(prompt)],
        max_output_tokens: Some(MAX_TOKENS),
        ..ChatRequest::default()
    };
    let answer = llm::chat(request).await?.whole().await?;
    Ok(format!("LLM response: {}", answer.text))
}

/// Who the person is.
#[plugin_type]
struct Person {
    /// User's response
    username: String,
    /// User's email address
    email: String,
}

/// Asks the person for a name and an address, and answers them.
#[plugin_tool(open_world)]
async fn test_elicitation(
    /// What to say to the person.
    message: String,
) -> Result<String, ToolError> {
    Ok(match ask::ask::<Person>(&message).await? {
        Answer::Accepted(Person { username, email }) => {
            format!("User response: accept, username: {username}, email: {email}")
        }
        Answer::Declined => "User response: decline".to_owned(),
        Answer::Cancelled => "User response: cancel".to_owned(),
    })
}

/// Asks with a default for each kind of field.
#[plugin_tool(open_world)]
async fn test_elicitation_sep1034_defaults() -> Result<String, ToolError> {
    let schema = json!({
        "type": "object",
        "properties": {
            "name": { "type": "string", "default": "John Doe" },
            "age": { "type": "integer", "default": 30 },
            "score": { "type": "number", "default": 95.5 },
            "status": {
                "type": "string",
                "enum": ["active", "inactive", "pending"],
                "default": "active",
            },
            "verified": { "type": "boolean", "default": true },
        },
    });
    completed("Please review these values", schema).await
}

/// Asks with each way there is to choose from a list.
#[plugin_tool(open_world)]
async fn test_elicitation_sep1330_enums() -> Result<String, ToolError> {
    let values = ["option1", "option2", "option3"];
    let titled = |titles: [&str; 3]| -> Vec<Value> {
        let numbered = titles.into_iter().zip(1..);
        numbered
            .map(|(title, n)| json!({ "const": format!("value{n}"), "title": title }))
            .collect()
    };
    let schema = json!({
        "type": "object",
        "properties": {
            "untitledSingle": { "type": "string", "enum": values },
            "titledSingle": {
                "type": "string",
                "oneOf": titled(["First Option", "Second Option", "Third Option"]),
            },
            "legacyEnum": {
                "type": "string",
                "enum": ["opt1", "opt2", "opt3"],
                "enumNames": ["Option One", "Option Two", "Option Three"],
            },
            "untitledMulti": { "type": "array", "items": { "type": "string", "enum": values } },
            "titledMulti": {
                "type": "array",
                "items": { "anyOf": titled(["First Choice", "Second Choice", "Third Choice"]) },
            },
        },
    });
    completed("Please choose", schema).await
}

/// Asks by a schema as it stands, and tells what came of it.
async fn completed(message: &str, schema: Value) -> Result<String, ToolError> {
    Ok(match ask::ask_with(message, schema).await? {
        Answer::Accepted(content) => {
            format!("Elicitation completed: action=accept, content={content}")
        }
        Answer::Declined => "Elicitation completed: action=decline".to_owned(),
        Answer::Cancelled => "Elicitation completed: action=cancel".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use portcullis_guest_sdk::testing::{Host, LlmReply};

    use super::*;

    #[test]
    fn a_model_is_asked_for_a_short_answer() {
        let host = Host::new().llm(LlmReply::text("Fine."));
        let answer = host.call("test_sampling", json!({ "prompt": "How are you?" }));
        assert_eq!(answer.unwrap().text(), "LLM response: Fine.");
        let asked = &host.chats()[0];
        assert_eq!(asked.messages, [Message::user("How are you?")]);
        assert_eq!(asked.max_output_tokens, Some(MAX_TOKENS));
    }

    #[test]
    fn a_person_is_asked_who_they_are() {
        let ada = json!({ "username": "ada", "email": "ada@example.org" });
        let host = Host::new().answer(Answer::Accepted(ada));
        let answer = host.call("test_elicitation", json!({ "message": "Who are you?" }));
        let said = "User response: accept, username: ada, email: ada@example.org";
        assert_eq!(answer.unwrap().text(), said);
        let (message, schema) = &host.asked()[0];
        assert_eq!(message, "Who are you?");
        assert_eq!(schema["required"], json!(["username", "email"]));
    }

    #[test]
    fn no_answer_is_an_answer_too() {
        for (answer, action) in [(Answer::Declined, "decline"), (Answer::Cancelled, "cancel")] {
            let host = Host::new().answer(answer);
            for tool in [
                "test_elicitation_sep1034_defaults",
                "test_elicitation_sep1330_enums",
            ] {
                let said = host.call(tool, json!({})).unwrap().text();
                assert_eq!(said, format!("Elicitation completed: action={action}"));
            }
        }
    }
}
