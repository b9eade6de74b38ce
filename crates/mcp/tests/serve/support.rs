//! What the tests share: guests behind an endpoint, and clients of it.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use portcullis_host_agent::core::{Grant, Host, LoadOptions, Plugin};
use portcullis_host_agent::extension::Extensions;
use portcullis_host_policy::manifest::section;
use portcullis_mcp::{Endpoint, EndpointOptions, Naming, Principal, serve_io};
use rmcp::model::ProtocolVersion;
use rmcp::service::{
    ClientLifecycleMode, ClientServiceExt as _, RoleClient, RunningService, Service,
};
use rmcp::{ClientHandler, serve_client};
use serde_json::{Value, json};
use tokio::io::{
    AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf, duplex,
    split,
};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Longer than anything takes on any machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What lies between a client and the server at most: as much as a pipe of Linux has.
const PIPE_BYTES: usize = 64 * 1024;

/// A server and its host.
pub(crate) struct Server {
    pub(crate) host: Host,
    pub(crate) extensions: Arc<Extensions>,
    pub(crate) endpoint: Endpoint,
}

impl Server {
    /// A server without plugins.
    pub(crate) fn new(options: EndpointOptions) -> Self {
        let cache = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("compiled");
        let host = Host::builder()
            .cache_dir(cache)
            .no_audit()
            .max_in_flight(256);
        let extensions = Arc::new(Extensions::builder().build());
        Self {
            host: host.build().unwrap(),
            endpoint: Endpoint::new(Arc::clone(&extensions), options),
            extensions,
        }
    }

    /// A server of one guest, whose tools have their own names.
    pub(crate) async fn of(guest: &str) -> Self {
        let server = Self::new(EndpointOptions {
            naming: Naming::Own,
            ..EndpointOptions::default()
        });
        server.publish(&[(guest, "org.example.one")]).await;
        server
    }

    /// Makes these guests, each under an id, the plugins that there are.
    pub(crate) async fn publish(&self, guests: &[(&str, &str)]) {
        let mut plugins = Vec::new();
        for (guest, id) in guests {
            plugins.push(self.load(&fs::read(guest).unwrap(), id).await);
        }
        self.extensions.publish(&plugins);
    }

    /// A component under an id, granted nothing.
    pub(crate) async fn load(&self, component: &[u8], id: &str) -> Plugin {
        let manifest = format!("[plugin]\nid = \"{id}\"\nversion = \"0.1.0\"\n");
        let component = section::embed(component, &manifest).unwrap();
        let options = LoadOptions {
            grant: Grant::none(),
            ..LoadOptions::default()
        };
        self.host
            .load_with(component.as_slice(), options)
            .await
            .unwrap()
    }

    /// The bytes of a client's connection, and the end of its service.
    pub(crate) fn connect(&self, principal: Principal) -> (DuplexStream, JoinHandle<()>) {
        let (ours, theirs) = duplex(PIPE_BYTES);
        let endpoint = self.endpoint.clone();
        let served = tokio::spawn(async move {
            let (read, write) = split(theirs);
            let stop = std::future::pending();
            serve_io(&endpoint, principal, read, write, stop)
                .await
                .unwrap();
        });
        (ours, served)
    }

    /// A client that says what it is told to.
    pub(crate) fn raw(&self) -> Raw {
        let (stream, served) = self.connect(Principal::of_everything("raw"));
        let (read, write) = split(stream);
        let lines = BufReader::new(read).lines();
        Raw {
            lines,
            write,
            served,
        }
    }

    /// The same with a session.
    pub(crate) async fn raw_session(&self) -> Raw {
        let mut raw = self.raw();
        raw.begin("2025-11-25").await;
        raw
    }

    /// rmcp's client.
    pub(crate) async fn client<H: ClientHandler + Service<RoleClient>>(
        &self,
        handler: H,
    ) -> RunningService<RoleClient, H> {
        self.client_as(Principal::of_everything("client"), handler)
            .await
    }

    /// The same, as it begins.
    pub(crate) async fn client_that_begins<H: ClientHandler + Service<RoleClient>>(
        &self,
        begins: ClientLifecycleMode,
        handler: H,
    ) -> RunningService<RoleClient, H> {
        let (stream, _) = self.connect(Principal::of_everything("client"));
        handler.serve_with_lifecycle(stream, begins).await.unwrap()
    }

    /// The same for somebody.
    pub(crate) async fn client_as<H: ClientHandler + Service<RoleClient>>(
        &self,
        principal: Principal,
        handler: H,
    ) -> RunningService<RoleClient, H> {
        let (stream, _) = self.connect(principal);
        serve_client(handler, stream).await.unwrap()
    }

    /// Waits until no guest runs.
    pub(crate) async fn idle(&self) {
        eventually(|| self.host.stats().calls_in_flight == 0).await;
    }

    /// Waits until a guest runs.
    pub(crate) async fn busy(&self) {
        eventually(|| self.host.stats().live_instances > 0).await;
    }
}

/// Waits until something is so; what never is fails the test.
pub(crate) async fn eventually(so: impl Fn() -> bool) {
    let becomes = async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(PATIENCE, becomes).await.expect("it never is");
}

/// A client that says anything, line by line.
pub(crate) struct Raw {
    pub(crate) lines: Lines<BufReader<ReadHalf<DuplexStream>>>,
    pub(crate) write: WriteHalf<DuplexStream>,
    pub(crate) served: JoinHandle<()>,
}

impl Raw {
    /// Begins a session of this revision, and gives the answer.
    pub(crate) async fn begin(&mut self, version: &str) -> Value {
        let client = json!({"name": "raw", "version": "1"});
        let params = json!({"protocolVersion": version, "capabilities": {}, "clientInfo": client});
        self.send(&request(0, "initialize", params)).await;
        let answer = self.next().await;
        let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        self.send(&ready.to_string()).await;
        answer
    }

    pub(crate) async fn send(&mut self, line: &str) {
        self.write
            .write_all(format!("{line}\n").as_bytes())
            .await
            .unwrap();
    }

    /// The next line, which is always a message.
    pub(crate) async fn next(&mut self) -> Value {
        let line = timeout(PATIENCE, self.lines.next_line()).await;
        let line = line.expect("no answer").unwrap().expect("the server went");
        let message: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(message["jsonrpc"], "2.0", "{message}");
        message
    }

    /// Asks for something, and gives the answer; whatever else comes is left out.
    pub(crate) async fn ask(&mut self, id: u64, method: &str, params: Value) -> Value {
        self.send(&request(id, method, params)).await;
        loop {
            let message = self.next().await;
            if message["id"] == id {
                return message;
            }
        }
    }

    /// The client is gone, without a word; its service ends.
    pub(crate) async fn vanish(self) {
        drop((self.lines, self.write));
        self.served.await.unwrap();
    }

    /// Calls a tool.
    pub(crate) async fn call(&mut self, id: u64, tool: &str, arguments: Value) -> Value {
        let params = json!({"name": tool, "arguments": arguments});
        self.ask(id, "tools/call", params).await
    }
}

/// With the handshake of older revisions, and without it.
pub(crate) fn beginnings() -> [ClientLifecycleMode; 2] {
    let newest = ClientLifecycleMode::Discover {
        preferred_versions: vec![ProtocolVersion::V_2026_07_28],
    };
    [ClientLifecycleMode::Initialize, newest]
}

/// What a request of the newest revision says of its client, which can do this.
pub(crate) fn meta(capabilities: Value) -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": capabilities,
    })
}

/// A request on one line.
pub(crate) fn request(id: u64, method: &str, params: Value) -> String {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string()
}

/// Something that was heard of once.
#[derive(Default)]
pub(crate) struct Heard(AtomicBool);

impl Heard {
    pub(crate) fn note(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    pub(crate) fn take(&self) -> bool {
        self.0.swap(false, Ordering::SeqCst)
    }
}

/// A plugin of which there are as many as a test wants: three tools, of which `marker` has this description of sixteen characters.
pub(crate) fn version(description: &str) -> Vec<u8> {
    assert_eq!(description.len(), 16);
    let text = include_str!("../../../host-core/tests/registry/versions.wat")
        .replace("\"DESCRIPTION\"", &format!("\"{description}\""))
        .replace("\"MARK\"", "\"0001\"");
    wat::parse_str(text).unwrap()
}
