//! A server on this machine in the place of those that the example plugins ask: it knows one weather, and takes gists from
//! who sends the token.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use anyhow::{Context, Result};

/// What the operator gives the host, and the plugin never sees.
pub(super) const TOKEN: &str = "a-token-that-no-plugin-sees";

/// The port is in the plugins' manifests.
const PORT: u16 = 8080;

/// Starts it, and gives its address. It ends with this program.
pub(super) fn start() -> Result<SocketAddr> {
    // On Linux all of 127.0.0.0/8 is this machine, so that a port in use is only in use at one of many addresses.
    let mut addresses = (1..=9).map(|last| SocketAddr::from(([127, 0, 0, last], PORT)));
    let listener = addresses.find_map(|address| TcpListener::bind(address).ok());
    let listener = listener.with_context(|| format!("port {PORT} is in use; free it"))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that went away needs no answer.
            let _ = serve(stream);
        }
    });
    Ok(address)
}

fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        head.push(line.trim_end().to_owned());
    }
    let header = |name: &str| {
        head.iter()
            .filter_map(|line| line.split_once(": "))
            .find_map(|(key, value)| key.eq_ignore_ascii_case(name).then_some(value))
    };
    let length = header("content-length").and_then(|length| length.parse().ok());
    reader
        .take(length.unwrap_or(0))
        .read_to_end(&mut Vec::new())?;
    let request = head.first().map_or("", String::as_str);
    let (status, body) = answer(request, header("authorization"));
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn answer(request: &str, authorization: Option<&str>) -> (&'static str, String) {
    if request.starts_with("GET /v1/forecast?") {
        let current = r#"{"temperature_2m": 7.5, "wind_speed_10m": 12.0, "weather_code": 61}"#;
        ("200 OK", format!(r#"{{"current": {current}}}"#))
    } else if request.starts_with("POST /gists ") {
        match authorization {
            // It says the token back, which no server should: the host takes it out.
            Some(said) if said == format!("Bearer {TOKEN}") => (
                "201 Created",
                format!(r#"{{"html_url": "https://gist.example/1", "seen": "{TOKEN}"}}"#),
            ),
            _ => ("401 Unauthorized", "{}".into()),
        }
    } else {
        ("404 Not Found", "{}".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_no_token_publishes_nothing() {
        let post = "POST /gists HTTP/1.1";
        assert!(answer(post, None).0.starts_with("401"));
        assert!(answer(post, Some("Bearer x")).0.starts_with("401"));
        assert!(
            answer(post, Some(&format!("Bearer {TOKEN}")))
                .0
                .starts_with("201")
        );
    }
}
