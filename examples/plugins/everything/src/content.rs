//! Tools that answer at once, one for each kind of content.

use portcullis_guest_sdk::prelude::*;

use crate::{SILENCE, pixel};

/// Answers a text.
#[plugin_tool(read_only)]
fn test_simple_text() -> &'static str {
    "This is a simple text response for testing."
}

/// Answers an image of one red pixel.
#[plugin_tool(read_only)]
fn test_image_content() -> Blob {
    pixel()
}

/// Answers a moment of silence.
#[plugin_tool(read_only)]
fn test_audio_content() -> Blob {
    Blob::new("audio/wav", SILENCE)
}

/// Answers a resource that is embedded in the result.
#[plugin_tool(read_only)]
fn test_embedded_resource() -> Content {
    let text = "This is an embedded resource content.";
    ResourceContents::text("test://embedded-resource", text)
        .media_type("text/plain")
        .into()
}

/// Answers a text, an image and a resource together.
#[plugin_tool(read_only)]
fn test_multiple_content_types() -> Vec<Content> {
    let json = r#"{"test":"data","value":123}"#;
    let resource = ResourceContents::text("test://mixed-content-resource", json);
    vec![
        "Multiple content types test:".into(),
        pixel().into(),
        resource.media_type("application/json").into(),
    ]
}

/// Fails, each time.
#[plugin_tool(read_only)]
fn test_error_handling() -> Result<(), ToolError> {
    let message = "This tool intentionally returns an error for testing";
    Err(ToolError::internal(message))
}

/// Where somebody lives.
#[plugin_type]
#[schemars(rename = "address")]
struct Address {
    #[serde(default)]
    street: String,
    #[serde(default)]
    city: String,
}

/// Takes an argument whose schema is a definition of its own, and says it in a line.
#[plugin_tool(name = "json_schema_2020_12_tool", read_only)]
fn address_line(#[arg(default)] name: String, address: Option<Address>) -> String {
    let mut parts = vec![name];
    parts.extend(address.into_iter().flat_map(|it| [it.street, it.city]));
    parts.retain(|part| !part.is_empty());
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use portcullis_guest_sdk::serde_json::{self, Value};
    use portcullis_guest_sdk::testing::{self, json};

    use super::*;

    #[test]
    fn every_kind_of_content_is_answered() {
        let content = testing::call("test_multiple_content_types", json!({}))
            .unwrap()
            .content;
        let [text, image, resource] = content.as_slice() else {
            panic!("{content:?}");
        };
        assert_eq!(text.as_text(), Some("Multiple content types test:"));
        assert_eq!(image, &Content::Blob(pixel()));
        let Content::Other(resource) = resource else {
            panic!("{resource:?}");
        };
        let payload: Value = serde_json::from_str(&resource.payload).unwrap();
        assert_eq!(
            (resource.kind.as_str(), &payload["mimeType"]),
            ("resource", &json!("application/json"))
        );
    }

    #[test]
    fn the_failing_tool_says_why() {
        let error = testing::call("test_error_handling", json!({})).unwrap_err();
        assert!(error.message.contains("intentionally"), "{error:?}");
    }

    #[test]
    fn a_schema_keeps_its_definitions() {
        let tools = testing::tools();
        let tool = tools
            .iter()
            .find(|tool| tool.name == "json_schema_2020_12_tool");
        let schema: Value = serde_json::from_str(&tool.unwrap().input_schema).unwrap();
        assert_eq!(
            schema["$schema"],
            "https://json-schema.org/draft/2020-12/schema"
        );
        assert!(schema["$defs"]["address"].is_object(), "{schema:#}");
        assert_eq!(schema["additionalProperties"], false);

        let arguments = json!({ "name": "Ada", "address": { "city": "London" } });
        let line = testing::call("json_schema_2020_12_tool", arguments).unwrap();
        assert_eq!(line.text(), "Ada, London");
    }
}
