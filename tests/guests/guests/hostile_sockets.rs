//! Sockets through Rust's standard library: WASI 0.2.

use std::io::{self, ErrorKind, Read};
use std::net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket};

use act::Act;
use wasip2::sockets::network::IpAddressFamily;
use wasip2::sockets::tcp_create_socket::create_tcp_socket;

#[path = "common/act.rs"]
mod act;

async fn run(act: Act) -> Result<String, String> {
    done(act).map_err(|error| match error.kind() {
        ErrorKind::PermissionDenied => "access-denied".to_owned(),
        _ => format!("{error:?}"),
    })
}

fn done(
    Act {
        what, path, number, ..
    }: Act,
) -> io::Result<String> {
    match what.as_str() {
        "connect" => {
            let mut read = String::new();
            TcpStream::connect(path)?.read_to_string(&mut read)?;
            Ok(read)
        }
        "look-up" => {
            let found = (path.as_str(), 0).to_socket_addrs()?;
            let found: Vec<_> = found.map(|address| address.ip().to_string()).collect();
            Ok(found.join(" "))
        }
        "bind" => TcpListener::bind(path).map(|_| "done".to_owned()),
        "udp" => UdpSocket::bind(path).map(|_| "done".to_owned()),
        "hold" => {
            let mut held = Vec::new();
            for _ in 0..number {
                match create_tcp_socket(IpAddressFamily::Ipv4) {
                    Ok(socket) => held.push(socket),
                    Err(error) => return Ok(format!("{} {error:?}", held.len())),
                }
            }
            Ok(held.len().to_string())
        }
        _ => Ok(format!("nobody can {what}")),
    }
}
