//! TCP connections, to a real listener on loopback.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use portcullis_host_core::DenyCode;

use crate::support::{Stage, act, both_ways, one};

/// Greets whoever connects, and counts.
struct Server {
    address: SocketAddr,
    met: Arc<AtomicUsize>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, met) = (
            listener.local_addr().unwrap(),
            Arc::<AtomicUsize>::default(),
        );
        let counter = Arc::clone(&met);
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                counter.fetch_add(1, Ordering::SeqCst);
                let _ = connection.and_then(|mut connection| connection.write_all(b"hello"));
            }
        });
        Self { address, met }
    }

    fn met(&self) -> usize {
        self.met.load(Ordering::SeqCst)
    }
}

both_ways! {
    async fn an_address_that_a_rule_names_is_connected_to(way) {
        let (stage, server) = (Stage::new(), Server::start());
        let to = server.address.to_string();
        let rule = format!("tcp:{to}");
        let plugin = stage.load(way.sockets(), std::slice::from_ref(&rule)).await;
        assert_eq!(act(&plugin, one("connect", &to)).await, "hello");
        assert_eq!(stage.trail.rules(), [rule]);
        assert_eq!(server.met(), 1);
    }

    async fn without_a_rule_nothing_is_connected_to(way) {
        let (stage, server) = (Stage::new(), Server::start());
        let to = server.address.to_string();
        let plugin = stage.load(way.sockets(), &["tcp:127.0.0.1:1".to_owned()]).await;
        assert_eq!(act(&plugin, one("connect", &to)).await, "access-denied");
        stage.trail.has_denied(DenyCode::NotGranted);
        assert_eq!(server.met(), 0);
    }

    async fn a_name_does_not_lead_to_an_address_that_is_not_public(way) {
        let (stage, server) = (Stage::new(), Server::start());
        let port = server.address.port();
        // Beside a rule for the very address, under which the name has no part.
        let allow = [format!("tcp:db.example.com:{port}"), "tcp:127.0.0.1:1".to_owned()];
        let plugin = stage.load(way.sockets(), &allow).await;
        for address in ["127.0.0.1", "10.0.0.1", "169.254.169.254", "168.63.129.16", "::ffff:127.0.0.1"] {
            stage.names.set("db.example.com", &[address]);
            let told = act(&plugin, one("connect", &format!("db.example.com:{port}"))).await;
            assert_ne!(told, "hello", "{address}");
            stage.trail.has_denied(DenyCode::AddressRefused);
        }
        assert_eq!(server.met(), 0);
    }

    async fn of_several_answers_only_the_public_ones_are_seen(way) {
        let stage = Stage::new();
        stage.names.set("db.example.com", &["10.0.0.1", "8.8.8.8", "127.0.0.1"]);
        let plugin = stage.load(way.sockets(), &["tcp:db.example.com:5432".to_owned()]).await;
        assert_eq!(act(&plugin, one("look-up", "db.example.com")).await, "8.8.8.8");
        let records = stage.trail.take();
        assert_eq!(records[0].addresses, ["8.8.8.8".parse::<std::net::IpAddr>().unwrap()]);
    }

    async fn an_address_that_was_not_looked_up_is_not_connected_to(way) {
        let stage = Stage::new();
        stage.names.set("db.example.com", &["8.8.8.8"]);
        let plugin = stage.load(way.sockets(), &["tcp:db.example.com:5432".to_owned()]).await;
        assert_eq!(act(&plugin, one("connect", "8.8.8.8:5432")).await, "access-denied");
        stage.trail.has_denied(DenyCode::NotGranted);
    }

    async fn names_that_no_rule_is_about_are_not_looked_up(way) {
        let stage = Stage::new();
        let plugin = stage.load(way.sockets(), &["tcp:db.example.com:5432".to_owned()]).await;
        for name in ["onswg4tfoq.attacker.example", "example.com", "x.db.example.com", "localhost"] {
            let told = act(&plugin, one("look-up", name)).await;
            assert_eq!(told, "access-denied", "{name}");
            stage.trail.has_denied(DenyCode::NotGranted);
        }
        for name in ["DB.example.com", "db.example.com.", "db_.example.com", "0x7f.1"] {
            let told = act(&plugin, one("look-up", name)).await;
            assert_ne!(told, "access-denied", "{name}");
            stage.trail.has_denied(DenyCode::InvalidRequest);
        }
        let asked = stage.names.asked.lock().unwrap().clone();
        assert!(asked.iter().all(|name| name == "ipv4only.arpa"), "{asked:?}");
    }

    async fn nothing_listens(way) {
        let stage = Stage::new();
        let plugin = stage.load(way.sockets(), &["tcp:127.0.0.1:1".to_owned()]).await;
        for address in ["127.0.0.1:0", "0.0.0.0:0", "0.0.0.0:8080"] {
            stage.trail.take();
            assert_eq!(act(&plugin, one("bind", address)).await, "access-denied", "{address}");
            stage.trail.has_denied(DenyCode::Forbidden);
        }
    }

    async fn there_is_no_udp(way) {
        let stage = Stage::new();
        let plugin = stage.load(way.sockets(), &["tcp:127.0.0.1:1".to_owned()]).await;
        assert_eq!(act(&plugin, one("udp", "0.0.0.0:0")).await, "access-denied");
        stage.trail.has_denied(DenyCode::Forbidden);
    }

    async fn a_closed_network_closes_sockets_too(way) {
        let (stage, server) = (Stage::with(|host| host.network(false)), Server::start());
        let to = server.address.to_string();
        let allow = [format!("tcp:{to}"), "tcp:db.example.com:1".to_owned()];
        let plugin = stage.load(way.sockets(), &allow).await;
        assert_eq!(act(&plugin, one("connect", &to)).await, "access-denied");
        assert_eq!(act(&plugin, one("look-up", "db.example.com")).await, "access-denied");
        stage.trail.has_denied(DenyCode::Offline);
        assert_eq!(server.met(), 0);
        assert!(stage.names.asked.lock().unwrap().is_empty());
    }

    async fn a_taken_back_rule_is_gone(way) {
        let (stage, server) = (Stage::new(), Server::start());
        let to = server.address.to_string();
        let plugin = stage.load(way.sockets(), &[format!("tcp:{to}")]).await;
        assert_eq!(act(&plugin, one("connect", &to)).await, "hello");
        plugin.revoke();
        assert_eq!(act(&plugin, one("connect", &to)).await, "access-denied");
        assert_eq!(server.met(), 1);
    }
}
