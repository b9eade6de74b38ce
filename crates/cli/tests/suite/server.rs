//! A server that guests of the command's tests reach.

use serde_json::json;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// A server on loopback that keeps who comes, and says hello to each once.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let kept = Arc::clone(&heads);
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                counted.fetch_add(1, Ordering::SeqCst);
                let mut asked = Vec::new();
                let mut buffer = [0; 1024];
                while !asked.ends_with(b"\r\n\r\n") {
                    match stream.read(&mut buffer) {
                        Ok(read @ 1..) => asked.extend_from_slice(&buffer[..read]),
                        _ => break,
                    }
                }
                let head = String::from_utf8_lossy(&asked).into_owned();
                kept.lock().unwrap().push(head);
                let _ = stream.write_all(
                    b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello",
                );
            }
        });
        Self {
            address,
            connections,
            heads,
        }
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// A field of the one request that came.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let heads = self.heads.lock().unwrap();
        let [head] = &heads[..] else {
            panic!("{heads:?}")
        };
        let mut fields = head.lines().filter_map(|line| line.split_once(": "));
        let field = fields.find(|(found, _)| found.eq_ignore_ascii_case(name));
        field.map(|(_, value)| value.to_owned())
    }

    /// What a guest is to fetch.
    pub(crate) fn arguments(&self) -> String {
        let request = json!({
            "method": "GET", "scheme": "http", "authority": self.address.to_string(), "path": "/v1/today?key=hush",
            "show": 100,
        });
        format!("--args={}", json!({ "request": request }))
    }

    /// The rule for that request and no other.
    pub(crate) fn rule(&self) -> String {
        format!("http:GET http://{}/v1/today", self.address)
    }
}
