//! What a plugin asks of its agent: model, search, planner, other plugins' tools.

use portcullis_guest_sdk::chat::{ChatError, ChatRequest, Delta, Finish, ToolUseDelta, codes};
use portcullis_guest_sdk::planner::PlanStep;
use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::retrieval::Chunk;
use portcullis_guest_sdk::testing::{Host, LlmReply, json};

fn tool_use(index: u32, name: Option<&str>, arguments: &str) -> Delta {
    Delta::ToolUse(ToolUseDelta {
        index,
        id: name.map(|name| format!("id-of-{name}")),
        name: name.map(str::to_owned),
        arguments: arguments.to_owned(),
    })
}

#[test]
fn a_whole_answer_is_put_together_from_pieces() {
    let host = Host::new().llm(LlmReply::new([
        Delta::Reasoning("hm".into()),
        Delta::Text("Let me ".into()),
        tool_use(1, Some("b"), "{"),
        tool_use(0, Some("a"), "[]"),
        Delta::Text("look.".into()),
        tool_use(1, None, "}"),
    ]));
    let answer = host.block_on(async {
        let reply = llm::chat(ChatRequest::default()).await?;
        reply.whole().await
    });
    let answer = answer.unwrap();
    assert_eq!(answer.text, "Let me look.");
    let uses: Vec<_> = answer
        .tool_uses
        .iter()
        .map(|it| (it.id.as_str(), it.name.as_str(), it.arguments.as_str()))
        .collect();
    assert_eq!(uses, [("id-of-a", "a", "[]"), ("id-of-b", "b", "{}")]);
    assert_eq!(answer.finish, Finish::new("stop"));
}

#[test]
fn an_answer_can_be_read_piece_by_piece_and_its_end_asked_for() {
    let finish = Finish::new("length");
    let reply = LlmReply::new([Delta::Text("a".into()), Delta::Text("b".into())]);
    let host = Host::new().llm(reply.ends(Ok(finish.clone())));
    host.block_on(async {
        let mut reply = llm::chat(ChatRequest::default()).await.unwrap();
        assert_eq!(reply.next().await, Some(Delta::Text("a".into())));
        assert_eq!(reply.finish().await, Ok(finish));
    });
}

/// Asks the model, and fails with its error.
#[plugin_tool]
async fn ask() -> Result<String, ToolError> {
    Ok(llm::chat(ChatRequest::default()).await?.whole().await?.text)
}

#[test]
fn replies_come_in_turn_and_errors_keep_their_code() {
    let cut = ChatError::new(codes::BROKEN, "cut off");
    let host = Host::new()
        .llm(LlmReply::error(ChatError::rate_limited("slowly", None)))
        .llm(LlmReply::text("half").ends(Err(cut)))
        .llm(LlmReply::text("whole"));
    let asked = || host.call("ask", json!({}));
    let limited = asked().unwrap_err();
    assert_eq!(
        (limited.code.as_str(), limited.retryable),
        (codes::RATE_LIMITED, true)
    );
    assert_eq!(asked().unwrap_err().code, codes::BROKEN);
    assert_eq!(asked().unwrap().text(), "whole");
    assert_eq!(asked().unwrap().text(), "whole");
    assert_eq!(host.chats().len(), 4);
}

#[test]
fn without_a_script_everything_is_denied() {
    let host = Host::new();
    assert_eq!(host.call("ask", json!({})).unwrap_err().code, "denied");
    let searched = host.block_on(retrieval::search(None, "x", 1));
    assert_eq!(searched, Err(HostError::Denied));
    let solved = host.block_on(planner::solve("", ""));
    assert_eq!(solved, Err(HostError::Denied));
    let called = host.block_on(invoke::call("a/b", &json!({})));
    assert_eq!(called.unwrap_err().code, "denied");
}

#[test]
fn a_search_gives_as_many_chunks_as_it_is_told() {
    let chunks = ["1", "2", "3"].map(|id| Chunk::new(id, "…"));
    let host = Host::new().found("x", chunks.clone());
    let searched = host.block_on(retrieval::search(Some("notes"), "x", 2));
    assert_eq!(searched.as_deref(), Ok(&chunks[..2]));
}

#[test]
fn a_plan_has_steps_or_an_error() {
    let steps = vec![PlanStep::new("drive", ["truck", "depot"])];
    let host = Host::new().plan(Ok(steps.clone()));
    assert_eq!(host.block_on(planner::solve("d", "p")), Ok(steps));
    let missing = HostError::Unavailable {
        message: "there is no planner".into(),
    };
    let host = Host::new().plan(Err(missing.clone()));
    assert_eq!(host.block_on(planner::solve("d", "p")), Err(missing));
}

#[test]
fn another_plugins_tool_answers_or_fails_as_it_does() {
    let host = Host::new()
        .invoke("a/good", Ok("done".into()))
        .invoke("a/bad", Err(ToolError::conflict("busy")));
    let call = |tool: &str| host.block_on(invoke::call(tool, &json!({ "n": 1 })));
    assert_eq!(call("a/good").unwrap().text(), "done");
    assert_eq!(call("a/bad"), Err(ToolError::conflict("busy")));
    let invoked = host.invoked();
    assert_eq!(invoked[0], ("a/good".to_owned(), json!({ "n": 1 })));
    assert_eq!(invoked.len(), 2);
    let nan = host.block_on(invoke::call("a/good", &NoJson)).unwrap_err();
    assert_eq!(nan.code, "invalid-arguments");
}

struct NoJson;

impl portcullis_guest_sdk::serde::Serialize for NoJson {
    fn serialize<S: portcullis_guest_sdk::serde::Serializer>(
        &self,
        _: S,
    ) -> Result<S::Ok, S::Error> {
        Err(portcullis_guest_sdk::serde::ser::Error::custom("none"))
    }
}
