//! Lists, in pages and over reloads.

use std::sync::Arc;

use portcullis_mcp::{EndpointOptions, Principal};
use portcullis_test_artifacts::WELL_TOOLS;
use rmcp::model::PaginatedRequestParams;
use rmcp::service::{NotificationContext, RoleClient};
use rmcp::{ClientHandler, ServiceError};

use crate::support::{Heard, Server, eventually, version};

#[tokio::test]
async fn a_tool_is_listed_with_all_that_its_author_says_of_it() {
    let server = Server::of(WELL_TOOLS).await;
    let client = server.client(()).await;
    let tools = client.list_all_tools().await.unwrap();
    let add = tools.iter().find(|tool| tool.name == "add-up").unwrap();
    assert_eq!(add.title.as_deref(), Some("Addition"));
    assert_eq!(add.description.as_deref(), Some("Adds two numbers."));
    assert_eq!(
        add.input_schema["properties"]["a"]["description"],
        "The one."
    );
    let hints = add.annotations.as_ref().unwrap();
    assert_eq!(
        (hints.read_only_hint, hints.idempotent_hint),
        (Some(true), Some(true))
    );
    assert_eq!(hints.destructive_hint, None);
    let shapes = tools
        .iter()
        .find(|tool| tool.name == "echo_shapes")
        .unwrap();
    assert_eq!(shapes.output_schema.as_ref().unwrap()["type"], "object");
}

async fn versions(server: &Server, ids: &[&str], description: &str) {
    let mut plugins = Vec::new();
    for id in ids {
        plugins.push(server.load(&version(description), id).await);
    }
    server.extensions.publish(&plugins);
}

/// How many tools each version has.
const TOOLS: usize = 3;

const IDS: [&str; 3] = ["org.example.a", "org.example.b", "org.example.c"];

#[tokio::test]
async fn a_list_goes_on_as_it_began_whatever_is_reloaded_meanwhile() {
    let server = Server::new(EndpointOptions {
        page: 2,
        ..EndpointOptions::default()
    });
    versions(&server, &IDS, "Says what it is.").await;
    let client = server.client(()).await;
    let first = client.list_tools(None).await.unwrap();
    assert_eq!(first.tools.len(), 2);
    versions(&server, &["org.example.d"], "Something else. ").await;
    let (mut names, mut cursor) = (Vec::new(), first.next_cursor);
    while cursor.is_some() {
        let next = PaginatedRequestParams::default().with_cursor(cursor);
        let page = client.list_tools(Some(next)).await.unwrap();
        names.extend(page.tools.into_iter().map(|tool| tool.name));
        cursor = page.next_cursor;
    }
    assert_eq!(names.len(), 3 * TOOLS - 2);
    assert!(
        names[names.len() - TOOLS..]
            .iter()
            .all(|name| name.starts_with("org_example_c__"))
    );
    let anew = client.list_tools(None).await.unwrap();
    assert!(anew.tools[0].name.starts_with("org_example_d__"));
}

#[tokio::test]
async fn a_cursor_of_nothing_or_of_long_ago_is_refused() {
    let server = Server::new(EndpointOptions {
        page: 2,
        ..EndpointOptions::default()
    });
    versions(&server, &IDS, "Says what it is.").await;
    let client = server.client(()).await;
    let old = client.list_tools(None).await.unwrap().next_cursor.unwrap();
    for _ in 0..10 {
        versions(&server, &IDS, "Says what it is.").await;
        client.list_tools(None).await.unwrap();
    }
    for cursor in [old.as_str(), "", "x", "dG9vbHM6MDow"] {
        let next = PaginatedRequestParams::default().with_cursor(Some(cursor.to_owned()));
        let error = client.list_tools(Some(next)).await.unwrap_err();
        let ServiceError::McpError(error) = error else {
            panic!("{error}");
        };
        assert_eq!(error.code.0, -32602);
    }
}

/// Notes what it is told of.
#[derive(Clone, Default)]
struct Listens {
    tools: Arc<Heard>,
}

impl ClientHandler for Listens {
    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.tools.note();
    }
}

#[tokio::test]
async fn a_client_is_told_of_a_reload_that_changes_what_it_sees_and_of_no_other() {
    let server = Server::new(EndpointOptions::default());
    versions(&server, &IDS, "Says what it is.").await;
    let all = Listens::default();
    let one = Listens::default();
    let of_one = Principal {
        plugins: Some(["org.example.a".parse().unwrap()].into()),
        ..Principal::of_everything("one")
    };
    let client = server.client(all.clone()).await;
    let client_of_one = server.client_as(of_one, one.clone()).await;
    client.list_tools(None).await.unwrap();
    client_of_one.list_tools(None).await.unwrap();
    // The same again.
    versions(&server, &IDS, "Says what it is.").await;
    // One that only the first sees.
    versions(&server, &IDS[..2], "Says what it is.").await;
    eventually(|| all.tools.take()).await;
    // One that both see, after which the second has heard of all that concerns it.
    assert!(!one.tools.take());
    versions(&server, &IDS[..2], "Says it anew.   ").await;
    eventually(|| all.tools.take()).await;
    eventually(|| one.tools.take()).await;
    assert_eq!(
        client.list_tools(None).await.unwrap().tools.len(),
        2 * TOOLS
    );
    assert_eq!(
        client_of_one.list_tools(None).await.unwrap().tools.len(),
        TOOLS
    );
}
