//! Prompts: without arguments, with arguments, with a resource and with an image in them.

use portcullis_guest_sdk::prelude::*;

use crate::pixel;

/// A prompt without arguments.
#[plugin_prompt]
fn test_simple_prompt() -> &'static str {
    "This is a simple prompt for testing."
}

/// A prompt with two arguments.
#[plugin_prompt]
fn test_prompt_with_arguments(
    /// First test argument
    #[arg(values = ["hello", "test", "testing"])]
    arg1: String,
    /// Second test argument
    arg2: String,
) -> String {
    format!("Prompt with arguments: arg1='{arg1}', arg2='{arg2}'")
}

/// A prompt with a resource in it.
#[plugin_prompt]
#[allow(non_snake_case, reason = "arguments are called as their variables")]
fn test_prompt_with_embedded_resource(
    /// URI of the resource to embed
    resourceUri: String,
) -> Vec<PromptMessage> {
    let text = "Embedded resource content for testing.";
    let resource = ResourceContents::text(resourceUri, text).media_type("text/plain");
    vec![
        PromptMessage::user(resource),
        PromptMessage::user("Please process the embedded resource above."),
    ]
}

/// A prompt with an image in it.
#[plugin_prompt]
fn test_prompt_with_image() -> Vec<PromptMessage> {
    vec![
        PromptMessage::user(pixel()),
        PromptMessage::user("Please analyze the image above."),
    ]
}

#[cfg(test)]
mod tests {
    use portcullis_guest_sdk::testing::{self, Host};

    use super::*;

    fn messages(name: &str, arguments: &[(&str, &str)]) -> Vec<PromptMessage> {
        let arguments = arguments.iter().copied();
        Host::new().prompt(name, arguments).unwrap().messages
    }

    #[test]
    fn arguments_are_in_the_prompt_and_offered_where_some_are_known() {
        let arguments = [("arg1", "hello"), ("arg2", "world")];
        let messages = messages("test_prompt_with_arguments", &arguments);
        assert_eq!(
            messages[0].as_text(),
            Some("Prompt with arguments: arg1='hello', arg2='world'")
        );
        let prompts = testing::prompts();
        let prompt = prompts
            .iter()
            .find(|prompt| prompt.name == "test_prompt_with_arguments");
        let values: Vec<_> = prompt
            .unwrap()
            .arguments
            .iter()
            .map(|it| &it.values)
            .collect();
        assert_eq!(values[0], &["hello", "test", "testing"]);
        assert!(values[1].is_empty());
    }

    #[test]
    fn what_is_looked_at_comes_before_what_is_to_be_done_with_it() {
        let image = messages("test_prompt_with_image", &[]);
        assert_eq!(image[0].content, Content::Blob(pixel()));
        let uri = [("resourceUri", "test://a")];
        let resource = messages("test_prompt_with_embedded_resource", &uri);
        assert!(
            matches!(&resource[0].content, Content::Other(it) if it.payload.contains("test://a"))
        );
        assert!(image[1].as_text().is_some() && resource[1].as_text().is_some());
    }
}
