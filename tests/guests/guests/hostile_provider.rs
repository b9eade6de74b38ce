//! Model providers, one for each way an answer can go wrong. Written against the bare contract, because the SDK does not let an
//! author do most of this.

wit_bindgen::generate!({
    path: "../../wit",
    inline: r#"
        package portcullis:guest;

        world guest {
            import wasi:clocks/monotonic-clock@0.3.0;
            export portcullis:chat/provider@0.1.0;
        }

        package wasi:clocks@0.3.0 {
            interface monotonic-clock {
                wait-for: async func(nanoseconds: u64);
            }
        }
    "#,
    world: "portcullis:guest/guest",
    generate_all,
});

use exports::portcullis::chat::provider::{
    ChatError, ChatRequest, Delta, Finish, Guest, ModelInfo, ProviderDefinition,
};
use portcullis::chat::chat_types::ToolUseDelta;
use wasi::clocks::monotonic_clock::wait_for;
use wit_bindgen::{FutureReader, FutureWriter, StreamReader, StreamWriter, spawn_local};

type End = Result<Finish, ChatError>;

const PROVIDERS: [(&str, &str); 17] = [
    ("well", "Says one word, and ends."),
    ("endless", "Says one word for ever."),
    (
        "endless_empty",
        "Sends empty pieces for ever, as fast as it can.",
    ),
    ("refuse", "Fails before there is an answer."),
    ("rate_limited", "Says to come back in a second and a half."),
    (
        "error_midway",
        "Says three words and then fails with `unavailable`.",
    ),
    ("trap_midway", "Says three words and then panics."),
    (
        "drop_end",
        "Says three words and drops the writer of its end.",
    ),
    (
        "forget_end",
        "Says three words and leaves its end open for ever.",
    ),
    ("drop_both", "Ends before it said anything."),
    (
        "end_first",
        "Gives its end first and three words afterwards.",
    ),
    (
        "linger",
        "Gives everything that it has to give, and goes on running.",
    ),
    ("silent", "Begins to answer, says nothing and never ends."),
    ("hang", "Never begins to answer."),
    ("spin", "Computes for ever before it begins."),
    ("huge_piece", "Says one word of a hundred megabytes."),
    (
        "odd_tool_use",
        "Asks for tools without names, in a strange order, with arguments that are no JSON.",
    ),
];

struct Plugin;

impl Guest for Plugin {
    fn list_providers() -> Vec<ProviderDefinition> {
        let definition = |(name, description): (&str, &str)| ProviderDefinition {
            name: name.into(),
            title: None,
            description: description.into(),
            extra: None,
        };
        PROVIDERS.map(definition).into()
    }

    async fn list_models(provider: String) -> Result<Vec<ModelInfo>, ChatError> {
        match provider.as_str() {
            "hang" => wait_for(u64::MAX).await,
            "refuse" => return Err(error("unauthorized", "no models for you")),
            "huge_piece" => return Ok(vec![model(&"x".repeat(100_000_000))]),
            _ => {}
        }
        Ok(vec![model("hostile-1")])
    }

    async fn chat(
        provider: String,
        _: ChatRequest,
    ) -> Result<(StreamReader<Delta>, FutureReader<End>), ChatError> {
        match provider.as_str() {
            "refuse" => return Err(error("unauthorized", "no answers for you")),
            "rate_limited" => {
                return Err(ChatError {
                    retryable: true,
                    retry_after_ms: Some(1500),
                    ..error("rate-limited", "too many questions")
                });
            }
            "hang" => wait_for(u64::MAX).await,
            "spin" => loop {
                std::hint::spin_loop();
            },
            _ => {}
        }
        let (deltas, delta_reader) = wit_stream::new();
        let (end, end_reader) = wit_future::new(|| Err(error("broken", "the writer was dropped")));
        spawn_local(async move { misbehave(&provider, deltas, end).await });
        Ok((delta_reader, end_reader))
    }
}

async fn misbehave(provider: &str, mut deltas: StreamWriter<Delta>, end: FutureWriter<End>) {
    match provider {
        "well" => {
            deltas.write_one(text("well")).await;
            finish(deltas, end).await;
        }
        // A host that stops reading gives the piece back; this guest does not care.
        "endless" => loop {
            deltas.write_one(text("again")).await;
        },
        "endless_empty" => loop {
            deltas.write_all(vec![text(""); 64]).await;
        },
        "error_midway" => {
            write_three(&mut deltas).await;
            drop(deltas);
            let _ = end
                .write(Err(error("unavailable", "the line went dead")))
                .await;
        }
        "trap_midway" => {
            write_three(&mut deltas).await;
            panic!("three words are enough");
        }
        "drop_end" => {
            write_three(&mut deltas).await;
            drop(end);
        }
        "forget_end" => {
            write_three(&mut deltas).await;
            std::mem::forget(end);
        }
        "drop_both" => {}
        "end_first" => {
            let _ = end.write(Ok(stopped())).await;
            write_three(&mut deltas).await;
        }
        "linger" => {
            write_three(&mut deltas).await;
            finish(deltas, end).await;
            wait_for(u64::MAX).await;
        }
        "huge_piece" => {
            deltas.write_one(text(&"x".repeat(100_000_000))).await;
            finish(deltas, end).await;
        }
        "odd_tool_use" => {
            deltas.write_one(tool_use(7, None, "{\"a\"")).await;
            deltas.write_one(tool_use(0, Some(""), "not JSON")).await;
            deltas.write_one(tool_use(7, Some("late"), ": ")).await;
            finish(deltas, end).await;
        }
        // `silent`.
        _ => wait_for(u64::MAX).await,
    }
}

async fn write_three(deltas: &mut StreamWriter<Delta>) {
    for word in ["one ", "two ", "three"] {
        deltas.write_one(text(word)).await;
    }
}

async fn finish(deltas: StreamWriter<Delta>, end: FutureWriter<End>) {
    drop(deltas);
    let _ = end.write(Ok(stopped())).await;
}

fn stopped() -> Finish {
    Finish {
        reason: "stop".into(),
        usage: None,
        extra: None,
    }
}

fn text(text: &str) -> Delta {
    Delta::Text(text.into())
}

fn tool_use(index: u32, name: Option<&str>, arguments: &str) -> Delta {
    Delta::ToolUse(ToolUseDelta {
        index,
        id: None,
        name: name.map(Into::into),
        arguments: arguments.into(),
    })
}

fn model(id: &str) -> ModelInfo {
    ModelInfo {
        id: id.into(),
        title: None,
        context_tokens: None,
        features: Vec::new(),
    }
}

fn error(code: &str, message: &str) -> ChatError {
    ChatError {
        code: code.into(),
        message: message.into(),
        retryable: false,
        retry_after_ms: None,
    }
}

export!(Plugin);
