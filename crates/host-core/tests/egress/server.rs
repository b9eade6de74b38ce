//! Servers on loopback that send exactly what a test says, and keep what they saw.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// Longest that a test waits for something to be seen. It passes when the test fails, and then only.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What a server saw so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// Connections that were opened.
    pub(crate) connections: usize,
    /// Requests, header and body, as they came.
    pub(crate) requests: Vec<String>,
    /// What came of a request that never became whole, for each connection that ended.
    pub(crate) ends: Vec<End>,
}

/// How a connection ended.
#[derive(Clone, Debug)]
pub(crate) struct End {
    /// What of a request had come, and no more.
    pub(crate) unfinished: String,
    /// Whether it was reset, and not just closed.
    pub(crate) reset: bool,
}

/// What is sent for a request.
#[derive(Clone)]
pub(crate) struct Reply {
    bytes: Vec<u8>,
    then: Then,
}

#[derive(Clone)]
enum Then {
    /// The next request is awaited.
    KeepAlive,
    /// The connection is closed.
    Close,
    /// Nothing more is sent, and nothing is closed.
    Hold,
    /// This is sent again and again until the other side has gone, with a pause between.
    Repeat(Vec<u8>, Duration),
}

impl Reply {
    fn new(bytes: impl Into<Vec<u8>>, then: Then) -> Self {
        let bytes = bytes.into();
        Self { bytes, then }
    }

    /// `200 OK` with a body, and the connection stays open.
    pub(crate) fn ok(body: &str) -> Self {
        Self::with(&[], body)
    }

    /// `200 OK` with header fields and a body.
    pub(crate) fn with(fields: &[(&str, &str)], body: &str) -> Self {
        Self::status(200, fields, body)
    }

    pub(crate) fn status(status: u16, fields: &[(&str, &str)], body: &str) -> Self {
        let fields: String = fields
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let length = body.len();
        Self::new(
            format!("HTTP/1.1 {status} Said\r\n{fields}content-length: {length}\r\n\r\n{body}"),
            Then::KeepAlive,
        )
    }

    /// These bytes, and then the connection is closed.
    pub(crate) fn close(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(bytes, Then::Close)
    }

    /// These bytes, and then silence.
    pub(crate) fn hold(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(bytes, Then::Hold)
    }

    /// These bytes, and then others without end.
    pub(crate) fn endless(bytes: impl Into<Vec<u8>>, again: impl Into<Vec<u8>>) -> Self {
        Self::new(bytes, Then::Repeat(again.into(), Duration::ZERO))
    }

    /// These bytes, and then one more each few milliseconds, without end.
    pub(crate) fn dripping(bytes: impl Into<Vec<u8>>, again: impl Into<Vec<u8>>) -> Self {
        let pause = Duration::from_millis(20);
        Self::new(bytes, Then::Repeat(again.into(), pause))
    }

    /// The pieces as one chunked body, one chunk each.
    pub(crate) fn chunked(fields: &[(&str, &str)], pieces: &[&str]) -> Self {
        let fields: String = fields
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let chunks: String = pieces
            .iter()
            .map(|piece| format!("{:x}\r\n{piece}\r\n", piece.len()))
            .collect();
        Self::new(
            format!(
                "HTTP/1.1 200 OK\r\n{fields}transfer-encoding: chunked\r\n\r\n{chunks}0\r\n\r\n"
            ),
            Then::KeepAlive,
        )
    }
}

/// A server, for as long as the test's runtime runs.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: watch::Receiver<Seen>,
}

pub(crate) type Answer = Arc<dyn Fn(&str) -> Reply + Send + Sync>;

impl Server {
    /// Answers each request with what `answer` makes of it.
    pub(crate) async fn start(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        Self::at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), answer).await
    }

    /// Answers every request with `hello`.
    pub(crate) async fn hello() -> Self {
        Self::start(|_| Reply::ok("hello")).await
    }

    /// Says nothing to anybody: any connection is one too many.
    pub(crate) async fn forbidden() -> Self {
        Self::start(|_| Reply::ok("you should not be here")).await
    }

    pub(crate) async fn at(
        address: SocketAddr,
        answer: impl Fn(&str) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, seen) = watch::channel(Seen::default());
        let (sender, answer): (_, Answer) = (Arc::new(sender), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                sender.send_modify(|seen| seen.connections += 1);
                let (sender, answer) = (Arc::clone(&sender), Arc::clone(&answer));
                tokio::spawn(async move { serve(stream, &sender, &answer).await });
            }
        });
        Self { address, seen }
    }

    /// One that is served elsewhere.
    pub(crate) fn seeing(address: SocketAddr, seen: watch::Receiver<Seen>) -> Self {
        Self { address, seen }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// What it saw so far.
    pub(crate) fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }

    /// Waits until what it saw is `enough`.
    pub(crate) async fn wait(&self, enough: impl Fn(&Seen) -> bool) -> Seen {
        let mut seen = self.seen.clone();
        let waited = timeout(PATIENCE, seen.wait_for(|seen| enough(seen))).await;
        match waited {
            Ok(seen) => seen.unwrap().clone(),
            Err(_) => panic!("in vain; seen: {:?}", self.seen()),
        }
    }

    /// No connection was ever opened.
    #[track_caller]
    pub(crate) fn was_left_alone(&self) {
        assert_eq!(self.seen().connections, 0, "{:?}", self.seen());
    }
}

/// A free port at two loopback addresses.
pub(crate) async fn pair(first: impl Into<IpAddr>, second: impl Into<IpAddr>) -> (Server, Server) {
    let second = second.into();
    let first = first.into();
    loop {
        let one = Server::at(SocketAddr::new(first, 0), |_| Reply::ok("first")).await;
        let other = SocketAddr::new(second, one.port());
        // The port may be taken there by another test.
        if TcpListener::bind(other).await.is_ok() {
            let other = Server::at(other, |_| Reply::ok("second")).await;
            return (one, other);
        }
    }
}

/// One connection, over whatever carries it.
pub(crate) async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    seen: &watch::Sender<Seen>,
    answer: &Answer,
) {
    let mut unread = Vec::new();
    let end = loop {
        match request(&mut stream, &mut unread).await {
            Ok(request) => {
                seen.send_modify(|seen| seen.requests.push(request.clone()));
                let reply = answer(&request);
                if stream.write_all(&reply.bytes).await.is_err() {
                    break None;
                }
                match reply.then {
                    Then::KeepAlive => {}
                    Then::Close => {
                        let _ = stream.shutdown().await;
                        break None;
                    }
                    Then::Hold => break Some(drain(&mut stream, &mut unread).await),
                    Then::Repeat(again, pause) => {
                        while stream.write_all(&again).await.is_ok() {
                            if !pause.is_zero() {
                                sleep(pause).await;
                            }
                        }
                        break None;
                    }
                }
            }
            Err(end) => break Some(end),
        }
    };
    let reset = match &end {
        Some(kind) => *kind == ErrorKind::ConnectionReset,
        None => true,
    };
    let unfinished = String::from_utf8_lossy(&unread).into_owned();
    seen.send_modify(|seen| seen.ends.push(End { unfinished, reset }));
}

/// Reads one whole request, or says how the connection ended before that.
async fn request(
    stream: &mut (impl AsyncRead + Unpin),
    unread: &mut Vec<u8>,
) -> Result<String, ErrorKind> {
    loop {
        if let Some(length) = whole(unread) {
            let request = unread.drain(..length).collect::<Vec<_>>();
            return Ok(String::from_utf8_lossy(&request).into_owned());
        }
        more(stream, unread).await?;
    }
}

async fn drain(stream: &mut (impl AsyncRead + Unpin), unread: &mut Vec<u8>) -> ErrorKind {
    loop {
        if let Err(end) = more(stream, unread).await {
            return end;
        }
    }
}

async fn more(
    stream: &mut (impl AsyncRead + Unpin),
    unread: &mut Vec<u8>,
) -> Result<(), ErrorKind> {
    match stream.read_buf(unread).await {
        Ok(0) => Err(ErrorKind::UnexpectedEof),
        Ok(_) => Ok(()),
        Err(error) => Err(error.kind()),
    }
}

/// The length of the request at the start of `bytes`, where it is whole.
fn whole(bytes: &[u8]) -> Option<usize> {
    let start = &bytes[..bytes.len().min(64 * 1024)];
    let header = find(start, b"\r\n\r\n")? + 4;
    let fields = String::from_utf8_lossy(&bytes[..header]).to_ascii_lowercase();
    let field = |name: &str| fields.lines().find_map(|line| line.strip_prefix(name));
    if field("transfer-encoding:").is_some() {
        return chunked(&bytes[header..]).map(|body| header + body);
    }
    let body = field("content-length:").map_or(0, |length| length.trim().parse().unwrap_or(0));
    (bytes.len() >= header + body).then_some(header + body)
}

/// The length of a chunked body, trailers included, where it is whole.
fn chunked(body: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let line = at + find(&body[at..], b"\r\n")?;
        let size = std::str::from_utf8(&body[at..line]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            // Trailers, and an empty line.
            return Some(line + find(&body[line..], b"\r\n\r\n")? + 4);
        }
        at = line + 2 + size + 2;
        body.get(at..)?;
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}
