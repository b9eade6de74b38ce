//! Calls through `portcullis serve` over stdio, by a client in this process, beside calls in this process.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use portcullis_host_core::Grant;
use portcullis_test_artifacts::BENCH_GREET;
use rmcp::model::CallToolRequestParams;
use rmcp::service::{Peer, RunningService};
use rmcp::{RoleClient, ServiceExt};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::JoinSet;
use tokio::time::sleep;
use wasmtime::error::Context;
use wasmtime::{Result, ensure};

use super::{arguments, check, greet, host, limits};
use crate::figures::Measured;
use crate::measure::{ROUNDS, cores, current_thread, mean_us, median, threads};

/// Calls of one round, one after another.
const CALLS: u32 = 1_000;

const IN_FLIGHT: usize = 64;

/// Of one round with so many in flight.
const PERIOD: Duration = Duration::from_millis(500);

/// More than are made here in a minute; the server's own limit for one plugin is for agents.
const SETTINGS: &str = "[plugins.limits]\ncalls-per-minute = 4000000000\n";

pub(super) fn measure() -> Result<Vec<Measured>> {
    let folder = tempfile::tempdir()?;
    // A client of one thread, which nothing wakes but the server.
    let mut measured = current_thread()?.block_on(one_after_another(folder.path()))?;
    measured.push(threads(2)?.block_on(in_flight(folder.path()))?);
    Ok(measured)
}

async fn one_after_another(folder: &Path) -> Result<Vec<Measured>> {
    let host = host(limits()).build()?;
    let plugin = host.load(BENCH_GREET, Grant::none()).await?;
    let served = Served::start(folder).await?;
    let mut plain = Plain::start(folder, &served.tool).await?;
    let mut cat = Pipes::start(&mut Command::new("cat")).context("no `cat`")?;
    // As long as a call and its answer are on average.
    let line = [b'x'; 160];

    let given = arguments();
    let mut times: [Vec<f64>; 4] = Default::default();
    for _ in 0..ROUNDS {
        let call = async || greet(&plugin, given.clone()).await;
        times[0].push(mean_us(CALLS, call).await?);
        let call = async || served.greet(given.clone()).await;
        times[1].push(mean_us(CALLS, call).await?);
        times[2].push(mean_us(CALLS, async || plain.greet(&given).await).await?);
        let echo = async || cat.ask(&line).await.map(drop);
        times[3].push(mean_us(CALLS, echo).await?);
    }
    served.stop().await?;
    let [alone, through, plain, pipes] = times.map(median);
    let added = format!(
        "{plain:.1} µs − {alone:.1} µs in this process; {pipes:.1} µs are a line's way through `cat` and back"
    );
    let by_rmcp = format!("{through:.1} µs − {alone:.1} µs in this process");
    Ok(vec![
        Measured::new("mcp_added_us", plain - alone, added),
        Measured::new("mcp_added_rmcp_us", through - alone, by_rmcp),
    ])
}

async fn in_flight(folder: &Path) -> Result<Measured> {
    let served = Served::start(folder).await?;
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        rates.push(served.calls_per_second().await?);
    }
    served.stop().await?;
    let mut flight = format!(
        "{IN_FLIGHT} in flight, client and server on {} cores",
        cores()
    );
    if cores() < 2 {
        flight.push_str(", where two are meant");
    }
    Ok(Measured::new("mcp_calls_per_s", median(rates), flight))
}

/// A process at the other end of two pipes, which answers each line with one.
struct Pipes {
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    answer: Vec<u8>,
    _process: Child,
}

impl Pipes {
    fn start(command: &mut Command) -> Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.kill_on_drop(true).spawn()?;
        Ok(Self {
            to: process.stdin.take().context("its stdin")?,
            from: BufReader::new(process.stdout.take().context("its stdout")?),
            answer: Vec::new(),
            _process: process,
        })
    }

    async fn tell(&mut self, line: &[u8]) -> Result<()> {
        let line = [line, b"\n"].concat();
        Ok(self.to.write_all(&line).await?)
    }

    async fn ask(&mut self, line: &[u8]) -> Result<&[u8]> {
        self.tell(line).await?;
        self.answer.clear();
        self.from.read_until(b'\n', &mut self.answer).await?;
        Ok(&self.answer)
    }
}

/// A server, and a client that knows no more of the protocol than it takes.
struct Plain {
    server: Pipes,
    tool: Arc<str>,
    id: u64,
}

impl Plain {
    async fn start(folder: &Path, tool: &Arc<str>) -> Result<Self> {
        let mut plain = Self {
            server: Pipes::start(&mut serve(folder)?)?,
            tool: Arc::clone(tool),
            id: 0,
        };
        let who = json!({ "name": "bench", "version": "1" });
        let begin =
            json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": who });
        plain.request("initialize", begin).await?;
        let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        plain.server.tell(&serde_json::to_vec(&ready)?).await?;
        Ok(plain)
    }

    async fn greet(&mut self, given: &Value) -> Result<()> {
        let call = json!({ "name": &*self.tool, "arguments": given });
        let answer = self.request("tools/call", call).await?;
        check(answer.pointer("/result/structuredContent"))
    }

    async fn request(&mut self, method: &str, params: Value) -> Result<Value> {
        self.id += 1;
        let request =
            json!({ "jsonrpc": "2.0", "id": self.id, "method": method, "params": params });
        let answer = self.server.ask(&serde_json::to_vec(&request)?).await?;
        Ok(serde_json::from_slice(answer)?)
    }
}

/// `portcullis serve`, under settings in this folder.
fn serve(folder: &Path) -> Result<Command> {
    let settings = folder.join("portcullis.toml");
    fs::write(&settings, SETTINGS)?;
    let name = format!("portcullis{}", env::consts::EXE_SUFFIX);
    let mut command = Command::new(env::current_exe()?.with_file_name(name));
    command.args(["serve", BENCH_GREET]);
    command
        .env("PORTCULLIS_CONFIG", settings)
        .env("HOME", folder);
    Ok(command)
}

/// A server, and its one client.
struct Served {
    process: Child,
    client: RunningService<RoleClient, ()>,
    tool: Arc<str>,
}

impl Served {
    async fn start(folder: &Path) -> Result<Self> {
        let mut process = serve(folder)?
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("portcullis is not built; `cargo xtask bench` builds it")?;
        let stdout = process.stdout.take().context("its stdout")?;
        let stdin = process.stdin.take().context("its stdin")?;
        let client = ().serve((stdout, stdin)).await?;
        let tools = client.list_all_tools().await?;
        let tool = tools.iter().find(|tool| tool.name.ends_with("greet"));
        let tool = tool.context("it serves no `greet`")?.name.as_ref().into();
        Ok(Self {
            process,
            client,
            tool,
        })
    }

    async fn greet(&self, given: Value) -> Result<()> {
        call(&self.client, &self.tool, given).await
    }

    async fn calls_per_second(&self) -> Result<f64> {
        let stop = Arc::new(AtomicBool::new(false));
        let calls = Arc::new(AtomicU64::new(0));
        let mut callers = JoinSet::new();
        let start = Instant::now();
        for _ in 0..IN_FLIGHT {
            let (peer, tool) = (self.client.peer().clone(), Arc::clone(&self.tool));
            let (stop, calls) = (Arc::clone(&stop), Arc::clone(&calls));
            callers.spawn(async move {
                let given = arguments();
                while !stop.load(Ordering::Relaxed) {
                    call(&peer, &tool, given.clone()).await?;
                    calls.fetch_add(1, Ordering::Relaxed);
                }
                Ok::<_, wasmtime::Error>(())
            });
        }
        sleep(PERIOD).await;
        stop.store(true, Ordering::Relaxed);
        while let Some(caller) = callers.join_next().await {
            caller??;
        }
        Ok(calls.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64())
    }

    async fn stop(mut self) -> Result<()> {
        self.client.cancel().await?;
        let ended = self.process.wait().await?;
        ensure!(ended.success(), "the server ended with {ended}");
        Ok(())
    }
}

async fn call(peer: &Peer<RoleClient>, tool: &str, given: Value) -> Result<()> {
    let Value::Object(given) = given else {
        wasmtime::bail!("arguments are an object");
    };
    let params = CallToolRequestParams::new(tool.to_owned()).with_arguments(given);
    let answer = peer.call_tool(params).await?;
    check(answer.structured_content.as_ref())
}
