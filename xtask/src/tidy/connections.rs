//! Two places open connections for guests: the connector of HTTP and the gate of sockets. Nothing else may, and nothing
//! that is linked in may do it by itself. A third opens the agent's own. What makes code of bytes has two places as well.

use std::str::FromStr;

use anyhow::Result;
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use serde_json::Value;

use super::Problem;
use super::tree::{TextFile, Tree};
use crate::shell::metadata;

/// What must stay in its place, and what to do about it elsewhere.
struct Rule {
    what: &'static str,
    /// Words, or `Type::function`.
    marks: &'static [&'static str],
    /// Path prefixes.
    places: &'static [&'static str],
    remedy: &'static str,
}

const SOCKETS: &str = "crates/host-core/src/sockets";

/// The agent's own connections to a model, at the endpoint that its operator named: no guest stands behind them.
const OWN_MODEL: &str = "crates/host-agent/src/provider/openai/";

const RULES: [Rule; 4] = [
    Rule {
        what: "connections are opened in egress/dial.rs and sockets only",
        marks: &[
            "TcpStream::connect",
            "TcpStream::connect_timeout",
            "TcpSocket",
            "UdpSocket",
            "UnixStream::connect",
            "UnixDatagram",
            "Socket::new",
            "reqwest",
            "ureq",
            "HttpConnector",
        ],
        places: &["crates/host-core/src/egress/dial.rs", SOCKETS, OWN_MODEL],
        remedy: "dial through crates/host-core/src/egress/dial.rs, which takes vetted addresses alone",
    },
    Rule {
        what: "names are looked up in egress/resolve.rs only",
        marks: &[
            "lookup_host",
            "ToSocketAddrs",
            "to_socket_addrs",
            "getaddrinfo",
        ],
        places: &["crates/host-core/src/egress/resolve.rs"],
        remedy: "ask the host's resolver (crates/host-core/src/egress/resolve.rs), and have what it finds vetted",
    },
    Rule {
        what: "WASI's own sockets are opened to guests in sockets only",
        marks: &[
            "inherit_network",
            "allow_ip_name_lookup",
            "socket_addr_check",
            "allow_tcp",
            "allow_udp",
        ],
        places: &[SOCKETS],
        remedy: "let crates/host-core/src/sockets set the context's checks",
    },
    Rule {
        what: "components are compiled in compile.rs, and taken from the cache in cache/code.rs, only",
        marks: &[
            "Component::new",
            "Component::from_binary",
            "Component::from_file",
            "Component::deserialize",
            "Component::deserialize_file",
            "Component::deserialize_open_file",
            "Component::deserialize_raw",
            "CodeBuilder",
            "precompile_component",
        ],
        places: &[
            "crates/host-core/src/compile.rs",
            "crates/host-core/src/cache/code.rs",
        ],
        remedy: "load through crates/host-core/src/load.rs, which judges bytes before anything is made of them",
    },
];

/// What connects by itself where this feature is on, and the package that has it.
const CLOSED_FEATURE: (&str, &str) = ("wasmtime-wasi-http", "default-send-request");

pub(super) fn two_places(tree: &Tree) -> Result<Vec<Problem>> {
    let mut problems = Vec::new();
    for file in tree.rust().filter(|file| is_of_a_host(&file.path)) {
        for rule in &RULES {
            if rule.places.iter().any(|place| file.path.starts_with(place)) {
                continue;
            }
            for (line, mark) in found(file, rule.marks) {
                let place = format!("{}:{line}: {mark}", file.path);
                problems.push(Problem::new(place, rule.what, rule.remedy));
            }
        }
    }
    Ok(problems)
}

pub(super) fn no_default_client(tree: &Tree) -> Result<Vec<Problem>> {
    let mut problems = with_feature(&tree.metadata, CLOSED_FEATURE);
    for workspace in super::locks::workspaces(tree) {
        let metadata = metadata(&tree.root.join(workspace), &["--all-features"])?;
        problems.extend(with_feature(&metadata, CLOSED_FEATURE));
    }
    Ok(problems)
}

/// Guests and tests open what they like: a host, or nobody, stands behind them.
fn is_of_a_host(path: &str) -> bool {
    let of_a_crate = path
        .strip_prefix("crates/")
        .and_then(|path| path.split_once('/'))
        .is_some_and(|(name, rest)| name != "guest-sdk" && rest.starts_with("src/"));
    of_a_crate && !path.ends_with("/tests.rs") && !path.contains("/tests/")
}

/// The features that cargo chose: what a Cargo.toml leaves out, another one may have brought in.
fn with_feature(metadata: &Value, (package, feature): (&str, &str)) -> Vec<Problem> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let packages = list(&metadata["packages"]);
    let named = packages.iter().filter(|found| found["name"] == package);
    let ids: Vec<&Value> = named.map(|found| &found["id"]).collect();
    let nodes = list(&metadata["resolve"]["nodes"]);
    let on = nodes
        .iter()
        .filter(|node| ids.contains(&&node["id"]))
        .filter(|node| list(&node["features"]).iter().any(|on| on == feature));
    on.map(|node| {
        Problem::new(
            node["id"].as_str().unwrap_or(package),
            format!("`{feature}` of {package} stays off: it sends what no gate has seen"),
            "find who turns it on with `cargo tree -e features -i`, and depend without default features",
        )
    })
    .collect()
}

fn found(file: &TextFile, marks: &[&str]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    if let Ok(tokens) = TokenStream::from_str(&file.text) {
        collect(tokens, marks, &mut found);
    }
    found
}

/// Finds words and `Type::function`; a `mod tests` is skipped, and `allow(false)`, which closes.
fn collect(tokens: TokenStream, marks: &[&str], found: &mut Vec<(usize, String)>) {
    let mut words: Vec<String> = Vec::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let closes = matches!(tokens.peek(), Some(TokenTree::Group(group)) if group.stream().to_string() == "false");
        match token {
            TokenTree::Ident(word) => {
                let text = word.to_string();
                let path = match words.as_slice() {
                    [.., owner, colons] if colons == "::" => format!("{owner}::{text}"),
                    _ => String::new(),
                };
                let hit = [text.clone(), path]
                    .into_iter()
                    .find(|mark| marks.contains(&mark.as_str()) && !closes);
                found.extend(hit.map(|mark| (word.span().start().line, mark)));
                words.push(text);
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' => match words.last_mut() {
                Some(last) if last == ":" => *last = "::".to_owned(),
                _ => words.push(":".to_owned()),
            },
            TokenTree::Group(group) => {
                let tests = group.delimiter() == Delimiter::Brace
                    && words.ends_with(&["mod".to_owned(), "tests".to_owned()]);
                if !tests {
                    collect(group.stream(), marks, found);
                }
                words.clear();
            }
            _ => words.clear(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn problems(path: &str, text: &str) -> Vec<String> {
        let tree = Tree {
            root: "/".into(),
            files: vec![TextFile {
                path: path.into(),
                text: text.into(),
            }],
            metadata: Value::Null,
        };
        let problems = two_places(&tree).unwrap();
        problems.into_iter().map(|problem| problem.place).collect()
    }

    const CONNECTS: &str = "async fn f() {\n    tokio::net::TcpStream::connect(address).await;\n}";

    #[test]
    fn a_connection_outside_the_two_places_is_found_with_its_line() {
        assert_eq!(
            problems("crates/host-core/src/load.rs", CONNECTS),
            ["crates/host-core/src/load.rs:2: TcpStream::connect"]
        );
        assert_eq!(
            problems("crates/cli/src/main.rs", "use std::net::UdpSocket;"),
            ["crates/cli/src/main.rs:1: UdpSocket"]
        );
        assert_eq!(
            problems("crates/host-core/src/egress/dial.rs", CONNECTS),
            [""; 0]
        );
    }

    #[test]
    fn the_agent_s_own_model_is_asked_from_one_place() {
        let client = "use reqwest::Client;";
        let path = "crates/host-agent/src/provider/routed.rs";
        assert_eq!(problems(path, client), [format!("{path}:1: reqwest")]);
        let path = "crates/host-agent/src/provider/openai/mod.rs";
        assert_eq!(problems(path, client), [""; 0]);
    }

    #[test]
    fn a_lookup_and_an_open_wasi_have_places_of_their_own() {
        let lookup = "fn f() { tokio::net::lookup_host(name); }";
        for elsewhere in ["egress/dial.rs", "sockets.rs", "state.rs"] {
            let path = format!("crates/host-core/src/{elsewhere}");
            assert_eq!(problems(&path, lookup), [format!("{path}:1: lookup_host")]);
        }
        let open = "fn f(wasi: &mut WasiCtxBuilder) { wasi.inherit_network(); }";
        let path = "crates/host-core/src/state.rs";
        assert_eq!(problems(path, open), [format!("{path}:1: inherit_network")]);
        let allows = "fn f(wasi: &mut WasiCtxBuilder) { wasi.allow_tcp(true); }";
        assert_eq!(problems(path, allows), [format!("{path}:1: allow_tcp")]);
        let closes = "fn f(wasi: &mut WasiCtxBuilder) { wasi.allow_tcp(false).allow_udp(false); }";
        assert_eq!(problems(path, closes), [""; 0]);
        assert_eq!(
            problems("crates/host-core/src/sockets/mod.rs", open),
            [""; 0]
        );
    }

    #[test]
    fn code_is_made_in_its_two_places() {
        let compiles = "fn f() { Component::from_binary(engine, bytes); }";
        for elsewhere in ["load.rs", "registry/settle.rs", "inspect.rs"] {
            let path = format!("crates/host-core/src/{elsewhere}");
            assert_eq!(
                problems(&path, compiles),
                [format!("{path}:1: Component::from_binary")]
            );
        }
        let path = "crates/host-core/src/cache/code.rs";
        assert_eq!(problems(path, compiles), [""; 0]);
    }

    #[test]
    fn tests_guests_comments_and_other_connects_are_free() {
        let tested = format!("#[cfg(test)]\nmod tests {{ {CONNECTS} }}");
        assert_eq!(problems("crates/host-core/src/load.rs", &tested), [""; 0]);
        for path in [
            "crates/host-core/src/egress/tests.rs",
            "crates/host-core/tests/egress/main.rs",
            "crates/guest-sdk/src/http.rs",
            "tests/guests/guests/well_http.rs",
        ] {
            assert_eq!(problems(path, CONNECTS), [""; 0], "{path}");
        }
        let free =
            "// TcpStream::connect\nfn f() { dial.connect(\"UdpSocket\"); Connect::connect(); }";
        assert_eq!(problems("crates/host-core/src/load.rs", free), [""; 0]);
    }

    #[test]
    fn a_feature_that_unification_brought_back_is_found() {
        let metadata = |features: Value| {
            json!({
                "packages": [
                    { "name": "wasmtime-wasi-http", "id": "http-48" },
                    { "name": "other", "id": "other-1" },
                ],
                "resolve": { "nodes": [
                    { "id": "http-48", "features": features },
                    { "id": "other-1", "features": ["default-send-request"] },
                ]},
            })
        };
        let places = |features| {
            let problems = with_feature(&metadata(features), CLOSED_FEATURE);
            problems
                .into_iter()
                .map(|problem| problem.place)
                .collect::<Vec<_>>()
        };
        assert_eq!(places(json!(["p2", "p3"])), [""; 0]);
        assert_eq!(places(json!(["p2", "default-send-request"])), ["http-48"]);
    }
}
