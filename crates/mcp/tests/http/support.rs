//! What the tests share: a server with real plugins and a tool that waits to be let go, and clients that say what they are told to.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use portcullis_host_agent::core::{
    Error, Grant, Host, InstancePolicy, LimitOverrides, LoadOptions, ToolDefinition, ToolOutput,
};
use portcullis_host_agent::extension::Extensions;
use portcullis_host_agent::tool::{CallScope, Tool, ToolCall};
use portcullis_mcp::http::{HttpOptions, Metrics, Server, TokenFile, TokenTerms};
use portcullis_mcp::{Endpoint, EndpointOptions, Naming};
use portcullis_test_artifacts::{HOSTILE_CALLS, WELL_RESOURCES, WELL_STATE};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;

/// Longer than anything takes on any machine: no test depends on how fast it is.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The revision whose sessions most clients speak.
pub(crate) const REVISION: &str = "2025-11-25";

/// The first revision without sessions.
const NEWEST: &str = "2026-07-28";

/// A tool of the host's own that answers once it is let go.
pub(crate) struct Gate {
    definition: ToolDefinition,
    entered: Arc<Semaphore>,
    open: Arc<Semaphore>,
}

#[async_trait]
impl Tool for Gate {
    fn definition(&self) -> &ToolDefinition {
        &self.definition
    }

    async fn call(&self, _: ToolCall, _: &CallScope) -> Result<ToolOutput, Error> {
        self.entered.add_permits(1);
        self.open.acquire().await.unwrap().forget();
        Ok(ToolOutput::text_of("through"))
    }
}

/// A server that runs.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) tokens: TokenFile,
    /// The text of the token `ada`, for whom everything is there.
    pub(crate) ada: String,
    pub(crate) host: Host,
    entered: Arc<Semaphore>,
    open: Arc<Semaphore>,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

/// What the operator says of a token for everything.
pub(crate) fn terms(name: &str) -> TokenTerms {
    TokenTerms {
        name: name.parse().unwrap(),
        expires: None,
        plugins: None,
        tools: None,
        metrics: false,
    }
}

/// Plugins without end, and a host that counts their calls.
async fn host(metrics: &Metrics) -> (Host, Arc<Extensions>, [Arc<Semaphore>; 2]) {
    let cache = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("compiled");
    let host = Host::builder()
        .cache_dir(cache)
        .no_audit()
        .max_in_flight(16)
        .meter_provider(metrics.provider());
    let host = host.build().unwrap();
    let load = async |guest: &str, instances, grant| {
        let limits = LimitOverrides {
            wall_clock: Some(PATIENCE * 60),
            output_bytes: Some(64 << 20),
            ..LimitOverrides::default()
        };
        let options = LoadOptions {
            grant,
            limits,
            instances: Some(instances),
            ..LoadOptions::default()
        };
        host.load_with(guest, options).await.unwrap()
    };
    let ask = Grant::from_caps(["ask".parse().unwrap()]);
    let plugins = [
        load(HOSTILE_CALLS, InstancePolicy::Fresh, Grant::none()).await,
        load(WELL_STATE, InstancePolicy::Reuse, Grant::none()).await,
        load(WELL_RESOURCES, InstancePolicy::Fresh, ask).await,
    ];
    let [entered, open] = [0, 0].map(|none| Arc::new(Semaphore::new(none)));
    let gate = Gate {
        definition: ToolDefinition::new("gate", "Waits.", json!({ "type": "object" })),
        entered: Arc::clone(&entered),
        open: Arc::clone(&open),
    };
    let extensions = Arc::new(Extensions::builder().tool(gate).unwrap().build());
    extensions.publish(&plugins);
    (host, extensions, [entered, open])
}

impl Served {
    /// A server on a port of its own.
    pub(crate) async fn start() -> Self {
        Self::configured(|_| {}).await
    }

    /// The same, with its options changed.
    pub(crate) async fn configured(configure: impl FnOnce(&mut HttpOptions)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tokens = TokenFile::new(folder.path().join("mcp"));
        let ada = tokens.create(terms("ada")).unwrap().reveal().to_owned();
        let metrics = Metrics::new().unwrap();
        let (host, extensions, [entered, open]) = host(&metrics).await;
        let naming = EndpointOptions {
            naming: Naming::Own,
            ..EndpointOptions::default()
        };
        let mut options = HttpOptions::new(tokens.clone());
        options.address = "127.0.0.1:0".parse().unwrap();
        options.metrics = Some(metrics);
        configure(&mut options);
        let endpoint = Endpoint::new(extensions, naming);
        let server = Server::bind(endpoint, options).await.unwrap();
        let address = server.address().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(server.serve(async {
            let _ = stopped.await;
        }));
        Self {
            address,
            tokens,
            ada,
            host,
            entered,
            open,
            stop: Some(stop),
            served,
            _folder: folder,
        }
    }

    /// Another token, for everything.
    pub(crate) fn token(&self, name: &str) -> String {
        self.token_on(terms(name))
    }

    pub(crate) fn token_on(&self, terms: TokenTerms) -> String {
        self.tokens.create(terms).unwrap().reveal().to_owned()
    }

    /// A request for MCP as a right client of `ada` makes it, to be changed.
    pub(crate) fn request(&self) -> Asked {
        Asked::new(self.address).bearer(&self.ada)
    }

    /// A session of `ada`.
    pub(crate) async fn session(&self) -> String {
        self.session_of(&self.ada).await
    }

    pub(crate) async fn session_of(&self, token: &str) -> String {
        let opened = self.request().bearer(token).post(initialize()).await;
        let id = opened.session().expect("a session");
        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        let accepted = self
            .request()
            .bearer(token)
            .session(&id)
            .post(initialized)
            .await;
        assert_eq!(accepted.status, StatusCode::ACCEPTED);
        id
    }

    /// Waits until a token has opened a session, which stays.
    pub(crate) async fn lets_in(&self, token: &str) {
        let asked = self.request().bearer(token);
        eventually(async || asked.post(initialize()).await.status == StatusCode::OK).await;
    }

    /// Waits until the tool `gate` was entered once more.
    pub(crate) async fn entered(&self) {
        within(self.entered.acquire()).await.unwrap().forget();
    }

    /// Lets one call of `gate` go.
    pub(crate) fn let_go(&self) {
        self.open.add_permits(1);
    }

    /// Says that the server is to end.
    pub(crate) fn stop(&mut self) {
        let _ = self.stop.take().map(|stop| stop.send(()));
    }

    /// Waits for its end.
    pub(crate) async fn ended(self) {
        within(self.served).await.unwrap();
    }

    /// Waits until no guest runs any more.
    pub(crate) async fn until_idle(&self) {
        eventually(async || self.host.stats().calls_in_flight == 0).await;
    }

    /// Waits until a guest runs.
    pub(crate) async fn until_busy(&self) {
        eventually(async || self.host.stats().calls_in_flight > 0).await;
    }
}

/// What comes in time.
pub(crate) async fn within<T>(work: impl Future<Output = T>) -> T {
    let work = tokio::time::timeout(PATIENCE, work).await;
    work.expect("it comes in time")
}

/// Waits until something holds.
pub(crate) async fn eventually(mut holds: impl AsyncFnMut() -> bool) {
    within(async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

pub(crate) fn initialize() -> Value {
    json!({
        "jsonrpc": "2.0", "id": 0, "method": "initialize",
        "params": {
            "protocolVersion": REVISION, "capabilities": {}, "clientInfo": { "name": "test", "version": "1" },
        },
    })
}

/// A call of a tool, as messages of a session have it.
pub(crate) fn call(tool: &str, arguments: Value) -> Value {
    json!({
        "jsonrpc": "2.0", "id": 7, "method": "tools/call",
        "params": { "name": tool, "arguments": arguments },
    })
}

/// The same for the newest revision, of a client that can ask its person.
pub(crate) fn newest_call(tool: &str, arguments: Value) -> Value {
    let mut message = call(tool, arguments);
    message["params"]["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": NEWEST,
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": { "elicitation": {} },
    });
    message
}

/// A request that is being put together.
#[derive(Clone)]
pub(crate) struct Asked {
    address: SocketAddr,
    path: &'static str,
    headers: Vec<(String, String)>,
}

impl Asked {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let asked = Self {
            address,
            path: "/mcp",
            headers: Vec::new(),
        };
        let asked = asked.header("host", &address.to_string());
        let asked = asked.header("content-type", "application/json");
        asked.header("accept", "application/json, text/event-stream")
    }

    /// With this header alone of its name.
    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        self.without(name).and_header(name, value)
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(other, _)| other != name);
        self
    }

    /// With one more header, whether there is one of its name or not.
    pub(crate) fn and_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn session(self, id: &str) -> Self {
        self.header("mcp-session-id", id)
            .header("mcp-protocol-version", REVISION)
    }

    /// As a call of this tool is made in the newest revision.
    pub(crate) fn newest(self, tool: &str) -> Self {
        self.header("mcp-protocol-version", NEWEST)
            .header("mcp-method", "tools/call")
            .header("mcp-name", tool)
    }

    pub(crate) fn at(mut self, path: &'static str) -> Self {
        self.path = path;
        self
    }

    pub(crate) fn build(&self, method: Method, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
        let mut request = Request::builder().method(method).uri(self.path);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(Full::new(body.into())).unwrap()
    }

    pub(crate) async fn post(&self, message: Value) -> Answer {
        self.send(Method::POST, message.to_string()).await
    }

    pub(crate) async fn get(&self) -> Answer {
        self.send(Method::GET, "").await
    }

    /// Sends it, and reads the answer whole.
    pub(crate) async fn send(&self, method: Method, body: impl Into<Bytes>) -> Answer {
        within(async { Answer::of(self.begin(method, body).await.answer).await }).await
    }

    /// Sends it, and gives the answer as it begins. The connection lives as long as that.
    pub(crate) async fn begin(&self, method: Method, body: impl Into<Bytes>) -> Begun {
        let stream = TcpStream::connect(self.address).await.unwrap();
        self.begin_over(stream, method, body).await
    }

    pub(crate) async fn begin_over(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        method: Method,
        body: impl Into<Bytes>,
    ) -> Begun {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        let connection = tokio::spawn(async move {
            let _ = connection.await;
        });
        let request = self.build(method, body);
        let answer = within(sender.send_request(request)).await.unwrap();
        Begun {
            answer,
            _sender: sender,
            connection,
        }
    }
}

/// An answer that has begun.
pub(crate) struct Begun {
    pub(crate) answer: http::Response<Incoming>,
    _sender: SendRequest<Full<Bytes>>,
    connection: JoinHandle<()>,
}

impl Begun {
    /// The next piece of the answer as text; none at its end, or where it broke off.
    pub(crate) async fn piece(&mut self) -> Option<String> {
        let frame = within(self.answer.frame()).await?.ok()?;
        let data = frame.into_data().unwrap_or_default();
        Some(String::from_utf8_lossy(&data).into_owned())
    }

    /// The client is gone, without a word.
    pub(crate) async fn vanish(self) {
        self.connection.abort();
        let _ = self.connection.await;
    }
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) async fn of(answer: http::Response<Incoming>) -> Self {
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.map(|body| body.to_bytes());
        Self {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body.unwrap_or_default()).into_owned(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn session(&self) -> Option<String> {
        self.header("mcp-session-id").map(str::to_owned)
    }

    /// The messages of a stream of events, or the one of an answer in JSON.
    pub(crate) fn messages(&self) -> Vec<Value> {
        if self.header("content-type") == Some("application/json") {
            return vec![serde_json::from_str(&self.body).unwrap()];
        }
        let data = self
            .body
            .lines()
            .filter_map(|line| line.strip_prefix("data:"));
        let data = data.map(str::trim).filter(|data| !data.is_empty());
        data.map(|data| serde_json::from_str(data).unwrap())
            .collect()
    }

    /// The result of the one request that was made.
    pub(crate) fn result(&self) -> Value {
        let messages = self.messages();
        let result = messages.iter().find_map(|message| message.get("result"));
        result.unwrap_or_else(|| panic!("{self:?}")).clone()
    }
}

/// A time that has passed.
pub(crate) fn past() -> SystemTime {
    SystemTime::now() - Duration::from_secs(1)
}
