//! Prompts: what they want to know, and what they give.

use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::prompt::{PromptArgument, Speaker};
use portcullis_guest_sdk::testing::{Host, prompts};

/// Asks for a review.
#[plugin_prompt(title = "Review", name = "code-review")]
fn review(
    /// The code.
    code: &str,
    #[arg(values = ["short", "long"])] style: Option<String>,
    times: Option<u8>,
    r#final: bool,
    ctx: &Context,
) -> Result<PromptOutput, ToolError> {
    if code.is_empty() {
        return Err(ToolError::invalid_arguments("there is nothing to review"));
    }
    Ok(PromptOutput {
        description: Some(format!("Reviews {code}.")),
        messages: vec![
            PromptMessage::user(format!(
                "{code} {style:?} {times:?} {final} {}",
                ctx.call_id()
            )),
            PromptMessage::assistant(Blob::new("image/gif", *b"GIF89a")),
        ],
    })
}

#[plugin_prompt]
async fn plain() -> &'static str {
    "Hello."
}

#[plugin_prompt]
fn one() -> PromptMessage {
    PromptMessage::assistant("Hello.")
}

#[plugin_prompt]
fn embedding() -> Vec<PromptMessage> {
    let note = ResourceContents::text("notes://today", "Rest.");
    vec![PromptMessage::user(note)]
}

fn argument(name: &str, required: bool) -> PromptArgument {
    PromptArgument {
        name: name.into(),
        title: None,
        description: None,
        required,
        values: Vec::new(),
    }
}

#[test]
fn definitions_say_what_the_code_says() {
    let prompts = prompts();
    let names: Vec<_> = prompts.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["code-review", "embedding", "one", "plain"]);
    let review = &prompts[0];
    assert_eq!(review.title.as_deref(), Some("Review"));
    assert_eq!(review.description.as_deref(), Some("Asks for a review."));
    let code = PromptArgument {
        description: Some("The code.".into()),
        ..argument("code", true)
    };
    let style = PromptArgument {
        values: vec!["short".into(), "long".into()],
        ..argument("style", false)
    };
    let arguments = [
        code,
        style,
        argument("times", false),
        argument("final", true),
    ];
    assert_eq!(review.arguments, arguments);
    assert_eq!(prompts[3].arguments, []);
}

fn told(arguments: &[(&str, &str)]) -> Result<PromptOutput, ToolError> {
    Host::new().prompt("code-review", arguments.iter().copied())
}

#[test]
fn arguments_are_made_of_text_and_some_may_be_left_out() {
    let output = told(&[("code", "x()"), ("final", "true")]).unwrap();
    assert_eq!(output.description.as_deref(), Some("Reviews x()."));
    let text = output.messages[0].as_text();
    assert_eq!(text, Some("x() None None true test-call"));
    let output = told(&[
        ("times", "2"),
        ("final", "false"),
        ("style", "long"),
        ("code", "x"),
    ]);
    let text = output.unwrap().messages[0].as_text().map(str::to_owned);
    assert_eq!(
        text.as_deref(),
        Some(r#"x Some("long") Some(2) false test-call"#)
    );
}

#[test]
fn arguments_that_do_not_fit_are_told_by_name() {
    let message = |arguments: &[(&str, &str)]| {
        let error = told(arguments).unwrap_err();
        assert_eq!(error.code, "invalid-arguments");
        error.message
    };
    assert_eq!(message(&[("final", "true")]), "argument `code` is missing");
    let times = message(&[("code", "x"), ("final", "true"), ("times", "many")]);
    assert_eq!(
        times,
        "argument `times` does not fit: invalid digit found in string"
    );
    let unknown = message(&[("code", "x"), ("final", "true"), ("colour", "red")]);
    assert!(
        unknown.starts_with("unknown argument `colour`; "),
        "{unknown}"
    );
    let own = message(&[("code", ""), ("final", "true")]);
    assert_eq!(own, "there is nothing to review");
    let none = Host::new().prompt("review", [("code", "x")]).unwrap_err();
    assert_eq!(none.code, "not-found");
}

#[test]
fn messages_have_a_speaker_and_any_content() {
    let get = |name: &str| Host::new().prompt(name, [("", ""); 0]).unwrap().messages;
    assert_eq!(get("plain"), [PromptMessage::user("Hello.")]);
    assert_eq!(get("one")[0].speaker, Speaker::Assistant);
    let embedding = get("embedding").remove(0);
    assert!(matches!(embedding.content, Content::Other(it) if it.kind == "resource"));
}
