//! Resources and prompts, one for each way an answer can go wrong. Written against the bare contract, because the SDK does not
//! let an author do most of this.

wit_bindgen::generate!({
    path: "../../wit",
    inline: r#"
        package portcullis:guest;

        world guest {
            import portcullis:host/ask@0.1.0;
            import portcullis:%resource/updates@0.1.0;
            import wasi:clocks/monotonic-clock@0.3.0;
            export portcullis:%resource/resources@0.1.0;
            export portcullis:prompt/prompts@0.1.0;
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

use exports::portcullis::prompt::prompts::Guest as Prompts;
use exports::portcullis::resource::resources::Guest as Resources;
use portcullis::host::ask;
use portcullis::prompt::prompt_types::{PromptDefinition, PromptMessage, PromptOutput, Speaker};
use portcullis::resource::resource_types::{
    ResourceBody, ResourceContents, ResourceDefinition, TemplateDefinition,
};
use portcullis::resource::updates;
use portcullis::tool::tool_types::{Content, Extension, ToolError};
use wasi::clocks::monotonic_clock::wait_for;

const HOUR: u64 = 3_600_000_000_000;
const MIB: usize = 1 << 20;

/// Each at `hostile://NAME`. What it does stands where it is done.
const RESOURCES: [&str; 15] = [
    "huge",
    "huge_blob",
    "many",
    "hang",
    "spin",
    "trap",
    "fail_at_length",
    "nothing",
    "elsewhere",
    "no_address",
    "address_at_length",
    "media_type_at_length",
    "media_type_in_colour",
    "flood",
    "flood_at_length",
];

const PROMPTS: [&str; 12] = [
    "huge",
    "many",
    "hang",
    "spin",
    "trap",
    "fail_at_length",
    "nothing",
    "describe_at_length",
    "unknown_content",
    "resource_that_is_none",
    "pester",
    "flood",
];

struct Plugin;

impl Resources for Plugin {
    fn list_resources() -> Vec<ResourceDefinition> {
        let definition = |name: &str| ResourceDefinition {
            uri: format!("hostile://{name}"),
            name: name.into(),
            title: None,
            description: None,
            media_type: None,
            size: None,
        };
        RESOURCES.map(definition).into()
    }

    fn list_templates() -> Vec<TemplateDefinition> {
        Vec::new()
    }

    async fn read(_: String, uri: String) -> Result<Vec<ResourceContents>, ToolError> {
        let name = uri.trim_start_matches("hostile://").to_owned();
        let mut contents = ResourceContents {
            uri,
            media_type: None,
            body: ResourceBody::Text("read".into()),
        };
        match name.as_str() {
            "huge" => contents.body = ResourceBody::Text("a".repeat(48 * MIB)),
            "huge_blob" => contents.body = ResourceBody::Blob(vec![0; 48 * MIB]),
            "many" => return Ok(vec![contents; 100_000]),
            "nothing" => return Ok(Vec::new()),
            "elsewhere" => contents.uri = "file:///etc/passwd".into(),
            "no_address" => contents.uri = "\u{1b}[31mnowhere".into(),
            "address_at_length" => contents.uri = format!("hostile://{}", "a".repeat(MIB)),
            "media_type_at_length" => contents.media_type = Some("a".repeat(MIB)),
            "media_type_in_colour" => contents.media_type = Some("\u{1b}[31mtext/plain".into()),
            "flood_at_length" => updates::changed(&format!("hostile://{}", "a".repeat(MIB))),
            name => go_wrong(name).await?,
        }
        Ok(vec![contents])
    }
}

impl Prompts for Plugin {
    fn list_prompts() -> Vec<PromptDefinition> {
        let definition = |name: &str| PromptDefinition {
            name: name.into(),
            title: None,
            description: None,
            arguments: Vec::new(),
        };
        PROMPTS.map(definition).into()
    }

    async fn get(
        _: String,
        name: String,
        _: Vec<(String, String)>,
    ) -> Result<PromptOutput, ToolError> {
        let mut output = PromptOutput {
            description: None,
            messages: vec![message(Content::Text("got".into()))],
        };
        let other = |kind: &str, payload: &str| {
            let (kind, payload) = (kind.to_owned(), payload.to_owned());
            vec![message(Content::Other(Extension { kind, payload }))]
        };
        match name.as_str() {
            "huge" => output.messages = vec![message(Content::Text("a".repeat(48 * MIB)))],
            "many" => output.messages = vec![output.messages[0].clone(); 100_000],
            "nothing" => output.messages = Vec::new(),
            "describe_at_length" => output.description = Some("a".repeat(MIB)),
            "unknown_content" => output.messages = other("org.example.smell", "{}"),
            "resource_that_is_none" => output.messages = other("resource", "{\"uri\":"),
            "pester" => output.messages = pester().await,
            name => go_wrong(name).await?,
        }
        Ok(output)
    }
}

/// Asks until nobody answers any more, and says what came of it each time.
async fn pester() -> Vec<PromptMessage> {
    let mut messages = Vec::new();
    for _ in 0..100 {
        let schema = r#"{"type":"object","properties":{}}"#;
        let told = match ask::ask("Really?".into(), schema.into()).await {
            Ok(_) => "answered".to_owned(),
            Err(error) => error.code,
        };
        messages.push(message(Content::Text(told)));
    }
    messages
}

fn message(content: Content) -> PromptMessage {
    PromptMessage {
        speaker: Speaker::User,
        content,
    }
}

/// What resources and prompts can both do.
async fn go_wrong(name: &str) -> Result<(), ToolError> {
    match name {
        "hang" => wait_for(HOUR).await,
        "spin" => loop {
            std::hint::black_box(());
        },
        "trap" => panic!("this is no answer"),
        "fail_at_length" => {
            return Err(ToolError {
                code: "\u{1b}[31m".repeat(1000),
                message: "a".repeat(MIB),
                details: Some("{".into()),
                retryable: true,
            });
        }
        "flood" => (0..100_000).for_each(|_| updates::changed("hostile://huge")),
        _ => panic!("nobody asked for {name}"),
    }
    Ok(())
}

export!(Plugin);
