//! Publishes a text as a GitHub gist with a token that it never sees: the operator binds the secret `github` to the one
//! request that this plugin makes, and the host adds it on the way out.

use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::serde_json::json;

const ENDPOINT: &str = "https://api.github.com";

#[plugin_type]
struct Gist {
    html_url: String,
}

/// Publishes a text as a gist and gives its address.
#[plugin_tool(open_world)]
async fn publish(
    /// The name of the file in the gist.
    name: String,
    /// The text.
    text: String,
    /// What it is, in a sentence.
    #[arg(default)]
    description: String,
    /// Whether everybody can find it.
    #[arg(default)]
    public: bool,
) -> Result<String, ToolError> {
    if !secrets::exists("github") {
        return Err(ToolError::unavailable(
            "no token is bound to this plugin; its operator can bind the secret `github`",
        ));
    }
    let endpoint: Option<String> = config::get("endpoint")?;
    let gist = json!({ "description": description, "public": public, "files": { name: { "content": text } } });
    let response = http::post(format!("{}/gists", endpoint.as_deref().unwrap_or(ENDPOINT)))
        .header("accept", "application/vnd.github+json")
        .json(&gist)
        .send()
        .await?;
    let gist: Gist = response.error_for_status()?.json().await?;
    Ok(gist.html_url)
}

#[cfg(test)]
mod tests {
    use portcullis_guest_sdk::serde_json::{self, Value};
    use portcullis_guest_sdk::testing::{Host, Reply, json};

    const POST: &str = "POST https://api.github.com/gists";

    fn note() -> Value {
        json!({ "name": "a.txt", "text": "A note." })
    }

    #[test]
    fn a_text_becomes_a_gist() {
        let reply = Reply::json(json!({ "html_url": "https://gist.github.com/1" }));
        let host = Host::new().secret("github").http(POST, reply);
        let address = host.call("publish", note()).unwrap().text();
        assert_eq!(address, "https://gist.github.com/1");
        let sent = &host.requests()[0];
        let gist: Value = serde_json::from_slice(&sent.body).unwrap();
        assert_eq!(gist["files"]["a.txt"]["content"], "A note.");
        assert_eq!(gist["public"], false);
        assert!(!sent.headers.contains_key("authorization"));
    }

    #[test]
    fn without_a_token_nothing_is_sent() {
        let host = Host::new();
        let error = host.call("publish", note()).unwrap_err();
        assert_eq!(error.code, "unavailable");
        assert!(host.requests().is_empty());
    }

    #[test]
    fn what_the_server_refuses_is_an_error() {
        let host = Host::new().secret("github").http(POST, Reply::status(401));
        let error = host.call("publish", note()).unwrap_err();
        assert_eq!(error.code, "http-status");
    }
}
