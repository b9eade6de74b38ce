//! `portcullis mcp config`: what goes into the settings of an MCP client, in the form that it reads.

use crate::args::{McpClient, McpConfigArgs};
use crate::error::CliError;
use crate::output;
use serde_json::{Map, Value, json};

/// The variable that clients take the token from, where they can.
const VARIABLE: &str = "PORTCULLIS_TOKEN";

/// What stands for the token where a client can take it from nowhere else.
const PLACEHOLDER: &str = "Bearer TOKEN";

pub(super) fn run(args: &McpConfigArgs) -> Result<(), CliError> {
    let (snippet, place) = match &args.http {
        None => stdio(args.client, &args.name, &command(&args.serve)),
        Some(url) => http(args.client, &args.name, url.as_str()),
    };
    output::note(place);
    output::json(&snippet)
}

/// What a client starts.
struct Command {
    program: String,
    arguments: Vec<String>,
}

/// This very program: a client's own search path may not lead to it.
fn command(serve: &[String]) -> Command {
    let own = std::env::current_exe().ok();
    let own = own.and_then(|path| path.to_str().map(str::to_owned));
    Command {
        program: own.unwrap_or_else(|| "portcullis".to_owned()),
        arguments: ["serve"]
            .into_iter()
            .map(str::to_owned)
            .chain(serve.iter().cloned())
            .collect(),
    }
}

/// For a client that starts the server, with where that goes.
fn stdio(client: McpClient, name: &str, command: &Command) -> (Value, &'static str) {
    let Command { program, arguments } = command;
    let plain = json!({ "command": program, "args": arguments });
    let typed = json!({ "type": "stdio", "command": program, "args": arguments });
    match client {
        McpClient::ClaudeCode => (
            under("mcpServers", name, typed),
            "into .mcp.json of a project, or ~/.claude.json",
        ),
        McpClient::ClaudeDesktop => (
            under("mcpServers", name, plain),
            "into claude_desktop_config.json (Settings, Developer, Edit Config)",
        ),
        McpClient::Vscode => (
            under("servers", name, typed),
            "into .vscode/mcp.json of a workspace, or the user's mcp.json (MCP: Open User Configuration)",
        ),
        McpClient::Cursor => (
            under("mcpServers", name, plain),
            "into ~/.cursor/mcp.json, or .cursor/mcp.json of a project",
        ),
        McpClient::Zed => (
            under("context_servers", name, plain),
            "into Zed's settings.json (zed: open settings file)",
        ),
    }
}

/// For a client that calls a server which runs, with where that goes.
fn http(client: McpClient, name: &str, url: &str) -> (Value, &'static str) {
    let with = |token: &str| json!({ "Authorization": token });
    match client {
        McpClient::ClaudeCode => {
            let headers = with(&format!("Bearer ${{{VARIABLE}}}"));
            let server = json!({ "type": "http", "url": url, "headers": headers });
            (
                under("mcpServers", name, server),
                "into .mcp.json of a project, with the token in PORTCULLIS_TOKEN",
            )
        }
        // It calls no server of a person's own with a token, so that a bridge does.
        McpClient::ClaudeDesktop => (
            under("mcpServers", name, bridge(url)),
            "into claude_desktop_config.json (Settings, Developer, Edit Config), with the token for TOKEN; it takes Node's npx",
        ),
        McpClient::Vscode => {
            let id = format!("{name}-token");
            let headers = with(&format!("Bearer ${{input:{id}}}"));
            let server = json!({ "type": "http", "url": url, "headers": headers });
            let mut snippet = under("servers", name, server);
            snippet["inputs"] = json!([{
                "type": "promptString", "id": id, "description": "Token of portcullis", "password": true,
            }]);
            (
                snippet,
                "into .vscode/mcp.json of a workspace, or the user's mcp.json (MCP: Open User Configuration); it asks for the token",
            )
        }
        McpClient::Cursor => {
            let headers = with(&format!("Bearer ${{env:{VARIABLE}}}"));
            let server = json!({ "url": url, "headers": headers });
            (
                under("mcpServers", name, server),
                "into ~/.cursor/mcp.json, or .cursor/mcp.json of a project, with the token in PORTCULLIS_TOKEN",
            )
        }
        McpClient::Zed => (
            under(
                "context_servers",
                name,
                json!({ "url": url, "headers": with(PLACEHOLDER) }),
            ),
            "into Zed's settings.json (zed: open settings file), with the token for TOKEN",
        ),
    }
}

/// `mcp-remote`, the bridge that is in use for clients that start servers alone. The space within the header's value is in
/// the variable, since some clients take arguments apart at spaces.
fn bridge(url: &str) -> Value {
    let mut arguments = vec![
        "-y",
        "mcp-remote",
        url,
        "--header",
        "Authorization:${AUTHORIZATION}",
    ];
    if url.starts_with("http:") {
        arguments.push("--allow-http");
    }
    json!({ "command": "npx", "args": arguments, "env": { "AUTHORIZATION": PLACEHOLDER } })
}

fn under(key: &str, name: &str, server: Value) -> Value {
    let servers = Map::from_iter([(name.to_owned(), server)]);
    json!({ key: servers })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENTS: [McpClient; 5] = [
        McpClient::ClaudeCode,
        McpClient::ClaudeDesktop,
        McpClient::Vscode,
        McpClient::Cursor,
        McpClient::Zed,
    ];

    fn key(client: McpClient) -> &'static str {
        match client {
            McpClient::Vscode => "servers",
            McpClient::Zed => "context_servers",
            _ => "mcpServers",
        }
    }

    #[test]
    fn every_client_starts_the_same_command() {
        let command = Command {
            program: "/bin/portcullis".into(),
            arguments: vec!["serve".into(), "/p/a.wasm".into()],
        };
        for client in CLIENTS {
            let (snippet, _) = stdio(client, "mine", &command);
            let server = &snippet[key(client)]["mine"];
            assert_eq!(server["command"], "/bin/portcullis", "{client:?}");
            assert_eq!(server["args"], json!(["serve", "/p/a.wasm"]), "{client:?}");
        }
    }

    #[test]
    fn every_client_calls_the_address_with_a_token() {
        let url = "http://127.0.0.1:7332/mcp";
        for client in CLIENTS {
            let (snippet, _) = http(client, "mine", url);
            let server = &snippet[key(client)]["mine"];
            if client == McpClient::ClaudeDesktop {
                assert_eq!(server["args"][2], url);
                assert_eq!(server["args"][5], "--allow-http");
                assert_eq!(server["env"]["AUTHORIZATION"], PLACEHOLDER);
                continue;
            }
            assert_eq!(server["url"], url, "{client:?}");
            let token = server["headers"]["Authorization"].as_str().unwrap();
            assert!(token.starts_with("Bearer "), "{client:?}: {token}");
        }
    }

    #[test]
    fn what_vscode_asks_for_is_what_it_sends() {
        let (snippet, _) = http(McpClient::Vscode, "mine", "https://mcp.example/mcp");
        let id = snippet["inputs"][0]["id"].as_str().unwrap();
        let token = &snippet["servers"]["mine"]["headers"]["Authorization"];
        assert_eq!(*token, format!("Bearer ${{input:{id}}}"));
    }
}
