//! Sockets through WASI 0.3, with nothing between.

wit_bindgen::generate!({
    path: "wasi/sockets",
    inline: r#"
        package portcullis:guest-sockets;

        world imports {
            import wasi:sockets/types@0.3.0;
            import wasi:sockets/ip-name-lookup@0.3.0;
        }
    "#,
    world: "portcullis:guest-sockets/imports",
    generate_all,
});

use std::net::{Ipv4Addr, SocketAddrV4};

use act::Act;
use wasi::sockets::ip_name_lookup::{self, resolve_addresses};
use wasi::sockets::types::{
    ErrorCode, IpAddress, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, TcpSocket, UdpSocket,
};
use wit_bindgen::StreamResult;

#[path = "common/act.rs"]
mod act;

async fn run(act: Act) -> Result<String, String> {
    done(act).await.map_err(|error| match error {
        ErrorCode::AccessDenied => "access-denied".to_owned(),
        other => format!("{other:?}"),
    })
}

fn v4(address: Ipv4Addr, port: u16) -> IpSocketAddress {
    let [a, b, c, d] = address.octets();
    IpSocketAddress::Ipv4(Ipv4SocketAddress {
        address: (a, b, c, d),
        port,
    })
}

async fn look_up(name: &str) -> Result<Vec<Ipv4Addr>, ErrorCode> {
    let found = resolve_addresses(name.to_owned()).await;
    let found = found.map_err(|error| match error {
        ip_name_lookup::ErrorCode::AccessDenied => ErrorCode::AccessDenied,
        other => ErrorCode::Other(Some(format!("{other:?}"))),
    })?;
    let v4 = |address| match address {
        IpAddress::Ipv4((a, b, c, d)) => Some(Ipv4Addr::new(a, b, c, d)),
        IpAddress::Ipv6(_) => None,
    };
    Ok(found.into_iter().filter_map(v4).collect())
}

async fn done(
    Act {
        what, path, number, ..
    }: Act,
) -> Result<String, ErrorCode> {
    let literal = path.parse::<SocketAddrV4>();
    match what.as_str() {
        "connect" => {
            let (host, port) = path.rsplit_once(':').unwrap_or((&path, "0"));
            let port = port.parse().unwrap_or(0);
            let found = look_up(host).await?;
            let socket = TcpSocket::create(IpAddressFamily::Ipv4)?;
            socket.connect(v4(found[0], port)).await?;
            let (mut bytes, end) = socket.receive();
            let mut read = Vec::new();
            loop {
                let (status, piece) = bytes.read(Vec::with_capacity(1024)).await;
                read.extend(piece);
                if !matches!(status, StreamResult::Complete(_)) {
                    break;
                }
            }
            end.await?;
            Ok(String::from_utf8_lossy(&read).into_owned())
        }
        "look-up" => {
            let found = look_up(&path).await?;
            let found: Vec<_> = found.iter().map(ToString::to_string).collect();
            Ok(found.join(" "))
        }
        "bind" => {
            let socket = TcpSocket::create(IpAddressFamily::Ipv4)?;
            if let Ok(address) = literal {
                socket.bind(v4(*address.ip(), address.port()))?;
            }
            socket.listen().map(|_| "done".to_owned())
        }
        "udp" => UdpSocket::create(IpAddressFamily::Ipv4).map(|_| "done".to_owned()),
        "hold" => {
            let mut held = Vec::new();
            for _ in 0..number {
                match TcpSocket::create(IpAddressFamily::Ipv4) {
                    Ok(socket) => held.push(socket),
                    Err(error) => return Ok(format!("{} {error:?}", held.len())),
                }
            }
            Ok(held.len().to_string())
        }
        _ => Ok(format!("nobody can {what}")),
    }
}
