//! Names, literals, and the addresses behind them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use portcullis_host_core::{DenyCode, Surroundings};

use crate::server::{Reply, Server, pair};
use crate::support::{Told, stage, through_every_way};

/// What must not be reached behind a public name, each with a word of what it is.
const FORBIDDEN: &[(&str, &str)] = &[
    ("10.0.0.1", "private"),
    ("172.16.0.1", "private"),
    ("192.168.0.1", "private"),
    ("fc00::1", "private"),
    ("127.0.0.1", "loopback"),
    ("127.255.255.254", "loopback"),
    ("::1", "loopback"),
    ("0.0.0.0", "this host"),
    ("::", "this host"),
    ("169.254.1.1", "link-local"),
    ("fe80::1", "link-local"),
    ("169.254.169.254", "metadata"),
    ("fd00:ec2::254", "metadata"),
    ("168.63.129.16", "metadata in public space"),
    ("100.100.100.200", "metadata"),
    ("100.64.0.1", "carrier-grade NAT"),
    ("::ffff:127.0.0.1", "mapped"),
    ("::ffff:169.254.169.254", "mapped"),
    ("::127.0.0.1", "compatible"),
    ("64:ff9b::127.0.0.1", "NAT64"),
    ("64:ff9b::a9fe:a9fe", "NAT64"),
    ("64:ff9b:1::7f00:1", "NAT64, RFC 8215"),
    ("2001:67c:2e8:64:7f:0:100:0", "NAT64, discovered"),
    ("2002:7f00:1::1", "6to4"),
    ("2002:a9fe:a9fe::1", "6to4"),
    ("2001:0:7f00:1::1", "Teredo's server"),
    ("2001:0:808:808::80ff:fffe", "Teredo's client"),
    ("224.0.0.1", "multicast"),
    ("ff02::1", "multicast"),
    ("240.0.0.1", "reserved"),
    ("255.255.255.255", "broadcast"),
    ("192.0.2.1", "documentation"),
    ("198.18.0.1", "benchmarking"),
    ("4000::1", "unallocated"),
    ("203.0.114.7", "the host's own"),
    ("203.0.115.9", "on-link"),
];

fn around() -> Surroundings {
    Surroundings {
        own: vec!["203.0.114.7".parse().unwrap()],
        on_link: vec!["203.0.115.0/24".parse().unwrap()],
        nat64: vec!["2001:67c:2e8:64::/64".parse().unwrap()],
    }
}

through_every_way! {
    async fn addresses_that_are_not_public_are_never_dialled(way) {
        let server = Server::forbidden().await;
        let port = server.port();
        let stage = stage(way)
            .allow(format!("http:http://api.example.com:{port}"))
            .host(|host| host.surroundings(around()))
            .set()
            .await;
        let url = format!("GET http://api.example.com:{port}/");
        let mut told: Option<Told> = None;
        for (address, what) in FORBIDDEN {
            stage.names.set("api.example.com", &[address]);
            let answer = stage.fetch(&url).await;
            assert_eq!(answer.code(), "unavailable", "{what}: {address}");
            stage.was_denied(&answer, DenyCode::AddressRefused);
            // Whatever it is, the guest is told the same.
            let first = told.get_or_insert(answer.clone());
            assert_eq!(first.text(), answer.text(), "{what}: {address}");
        }
        let nowhere = stage.fetch(&url.replace("api", "gone")).await;
        assert_eq!(nowhere.code(), "denied");
        server.was_left_alone();
    }

    async fn a_name_that_does_not_exist_looks_like_one_that_leads_inside(way) {
        let stage = stage(way)
            .allow("http:http://*.example.com:81")
            .name("inside.example.com", &["10.0.0.1"])
            .name("empty.example.com", &[])
            .set()
            .await;
        let inside = stage.fetch("GET http://inside.example.com:81/").await;
        let empty = stage.fetch("GET http://empty.example.com:81/").await;
        let gone = stage.fetch("GET http://gone.example.com:81/").await;
        assert_eq!(inside.code(), "unavailable");
        assert_eq!(inside.text(), empty.text());
        assert_eq!(inside.text(), gone.text());
    }

    async fn an_operators_network_opens_that_network_alone(way) {
        let (inside, outside) = pair(Ipv4Addr::new(127, 0, 0, 1), Ipv4Addr::new(127, 0, 1, 1)).await;
        let port = inside.port();
        let rule = format!("http:http://api.example.com:{port} in 127.0.0.0/24");
        let stage = stage(way).allow(&rule).set().await;
        let url = format!("GET http://api.example.com:{port}/");

        stage.names.set("api.example.com", &["127.0.0.1"]);
        let answer = stage.fetch(&url).await;
        stage.was_allowed(&answer, &rule).await;
        assert_eq!(answer.body(), "first");

        stage.names.set("api.example.com", &["127.0.1.1"]);
        let answer = stage.fetch(&url).await;
        stage.was_denied(&answer, DenyCode::AddressRefused);
        outside.was_left_alone();
    }

    async fn metadata_is_refused_in_an_operators_network_too(way) {
        let stage = stage(way)
            .allow("http:http://api.example.com in 169.254.0.0/16")
            .name("api.example.com", &["169.254.169.254"])
            .set()
            .await;
        let answer = stage.fetch("GET http://api.example.com/latest/meta-data/").await;
        stage.was_denied(&answer, DenyCode::AddressRefused);
    }

    async fn of_two_answers_only_the_one_that_may_be_is_dialled(way) {
        let (allowed, forbidden) = pair(Ipv4Addr::new(127, 0, 0, 1), Ipv4Addr::new(127, 0, 1, 1)).await;
        let port = allowed.port();
        let rule = format!("http:http://api.example.com:{port} in 127.0.0.0/24");
        let stage = stage(way)
            .allow(&rule)
            .name("api.example.com", &["127.0.1.1", "127.0.0.1"])
            .set()
            .await;
        let answer = stage.fetch(&format!("GET http://api.example.com:{port}/")).await;
        assert_eq!(answer.body(), "first", "{answer:?}");
        let records = stage.trail.take_allowed().await;
        let vetted: Vec<IpAddr> = records.iter().flat_map(|record| record.addresses.clone()).collect();
        assert_eq!(vetted, [IpAddr::V4(Ipv4Addr::LOCALHOST)]);
        forbidden.was_left_alone();
    }

    async fn when_the_one_that_may_be_does_not_answer_no_other_is_tried(way) {
        // Nothing listens at the first address any more, and the second must not be tried.
        let (gone, forbidden) = pair(Ipv4Addr::new(127, 0, 0, 9), Ipv4Addr::new(127, 0, 1, 9)).await;
        let port = gone.port();
        let closed = Ipv4Addr::new(127, 0, 0, 10).to_string();
        let stage = stage(way)
            .allow(format!("http:http://api.example.com:{port} in 127.0.0.0/24"))
            .name("api.example.com", &[&closed, "127.0.1.9"])
            .set()
            .await;
        let answer = stage.fetch(&format!("GET http://api.example.com:{port}/")).await;
        assert_eq!(answer.code(), "unavailable");
        forbidden.was_left_alone();
    }

    async fn a_name_is_looked_up_once_and_what_was_judged_is_dialled(way) {
        let (judged, rebound) = pair(Ipv4Addr::new(127, 0, 0, 1), Ipv4Addr::new(127, 0, 1, 1)).await;
        let port = judged.port();
        let stage = stage(way)
            .allow(format!("http:http://api.example.com:{port} in 127.0.0.0/24"))
            .set()
            .await;
        stage.names.script("api.example.com", &[&["127.0.0.1"], &["127.0.1.1"]]);
        let url = format!("GET http://api.example.com:{port}/");

        let answer = stage.fetch(&url).await;
        assert_eq!(answer.body(), "first");
        assert_eq!(stage.names.asked(), ["api.example.com"]);
        stage.trail.take();

        // The next request is judged anew, by the next answer.
        let answer = stage.fetch(&url).await;
        stage.was_denied(&answer, DenyCode::AddressRefused);
        rebound.was_left_alone();
    }

    async fn a_rule_for_a_literal_does_not_open_names_that_resolve_to_it(way) {
        let server = Server::hello().await;
        let port = server.port();
        let literal = format!("http:http://127.0.0.1:{port}");
        let stage = stage(way)
            .allow(&literal)
            .allow(format!("http:http://api.example.com:{port}"))
            .name("api.example.com", &["127.0.0.1"])
            .set()
            .await;
        let answer = stage.fetch(&format!("GET http://api.example.com:{port}/")).await;
        stage.was_denied(&answer, DenyCode::AddressRefused);
        server.was_left_alone();
        let answer = stage.fetch(&format!("GET http://127.0.0.1:{port}/")).await;
        stage.was_allowed(&answer, &literal).await;
    }

    async fn a_denied_address_is_denied_under_any_name(way) {
        let server = Server::forbidden().await;
        let port = server.port();
        let stage = stage(way)
            .allow(format!("http:http://api.example.com:{port} in 127.0.0.0/8"))
            .deny(format!("http:http://127.0.0.1:{port}"))
            .name("api.example.com", &["127.0.0.1"])
            .set()
            .await;
        let answer = stage.fetch(&format!("GET http://api.example.com:{port}/")).await;
        assert_ne!(answer.code(), "ok");
        server.was_left_alone();
    }

    async fn names_that_no_rule_covers_are_never_looked_up(way) {
        let stage = stage(way)
            .allow("http:http://api.example.com")
            .allow("http:https://*.example.org/v1/*")
            .set()
            .await;
        for url in [
            "GET http://c3r1t.evil.example/",
            "GET http://api.example.com.evil.example/",
            "GET http://sub.api.example.com/",
            "GET http://example.com/",
            "GET https://api.example.com/",
            "GET http://api.example.com:81/",
            "POST http://api.example.com/",
            "GET https://example.org/v1/a",
            "GET https://a.example.org/v2/a",
        ] {
            let answer = stage.fetch(url).await;
            stage.was_denied(&answer, DenyCode::NotGranted);
        }
        assert!(stage.names.asked().is_empty(), "{:?}", stage.names.asked());
    }

    async fn localhost_is_never_looked_up(way) {
        let server = Server::hello().await;
        let port = server.port();
        let rule = format!("http:http://localhost:{port} in 127.0.0.0/8");
        let stage = stage(way).allow(&rule).name("localhost", &["10.0.0.1"]).set().await;
        let answer = stage.fetch(&format!("GET http://localhost:{port}/")).await;
        stage.was_allowed(&answer, &rule).await;
        assert!(stage.names.asked().is_empty());
    }

    async fn localhost_is_not_public(way) {
        let server = Server::forbidden().await;
        let port = server.port();
        let stage = stage(way).allow(format!("http:http://localhost:{port}")).set().await;
        let answer = stage.fetch(&format!("GET http://localhost:{port}/")).await;
        stage.was_denied(&answer, DenyCode::AddressRefused);
        server.was_left_alone();
    }

    async fn other_spellings_of_an_address_are_refused(way) {
        let server = Server::forbidden().await;
        let port = server.port();
        let stage = stage(way)
            .allow(format!("http:http://127.0.0.1:{port}"))
            .allow(format!("http:http://[::1]:{port}"))
            .allow(format!("http:http://example.com:{port} in 127.0.0.0/8"))
            .name("example.com", &["127.0.0.1"])
            .set()
            .await;
        for host in [
            "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "127.1", "127.0.1", "0127.0.0.1",
            "127.0.0.1.", "127.0.0.01", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]",
            "[0:0:0:0:0:0:0:1]", "[::1%25lo]", "[::1%lo]", "[::1", "::1", "[127.0.0.1]", "[]", "[::1]x",
        ] {
            let answer = stage.fetch(&format!("GET http://{host}:{port}/")).await;
            assert_eq!(answer.code(), "invalid", "{host}: {answer:?}");
            stage.was_denied(&answer, DenyCode::InvalidRequest);
        }
        server.was_left_alone();
        assert!(stage.names.asked().is_empty(), "{:?}", stage.names.asked());
    }

    async fn other_spellings_of_a_name_are_refused(way) {
        let server = Server::forbidden().await;
        let port = server.port();
        let stage = stage(way)
            .allow(format!("http:http://example.com:{port} in 127.0.0.0/8"))
            .allow("http:http://example.com in 127.0.0.0/8")
            .name("example.com", &["127.0.0.1"])
            .set()
            .await;
        for authority in [
            format!("example.com.:{port}"),
            format!("EXAMPLE.com:{port}"),
            format!("exa%6dple.com:{port}"),
            format!("%65xample.com:{port}"),
            format!("exämple.com:{port}"),
            // A Cyrillic letter.
            format!("ex\u{430}mple.com:{port}"),
            // Letters of full width, a full stop of another script, a soft hyphen.
            format!("\u{ff45}xample.com:{port}"),
            format!("example\u{3002}com:{port}"),
            format!("exa\u{ad}mple.com:{port}"),
            format!("user@example.com:{port}"),
            format!("user:password@example.com:{port}"),
            format!("@example.com:{port}"),
            format!("example.com:{port}@127.0.0.1:{port}"),
            format!("127.0.0.1:{port}@example.com:{port}"),
            format!("example.com\\@127.0.0.1:{port}"),
            "example.com:abc".into(),
            "example.com:".into(),
            "example.com:0".into(),
            "example.com:65536".into(),
            "example.com:+80".into(),
            "example.com:080".into(),
            "example.com:80:80".into(),
            format!("example.com:{}", u64::from(port) + 65_536),
            format!(":{port}"),
            String::new(),
            "%20".into(),
            "*.example.com".into(),
            "{host}".into(),
            "example.com?a".into(),
        ] {
            let answer = stage.fetch(&format!("GET http://{authority}/")).await;
            assert_eq!(answer.code(), "invalid", "{authority}: {answer:?}");
            stage.was_denied(&answer, DenyCode::InvalidRequest);
        }
        server.was_left_alone();
        assert!(stage.names.asked().is_empty(), "{:?}", stage.names.asked());
    }

    async fn a_look_alike_in_ascii_is_another_name(way) {
        let server = Server::forbidden().await;
        let port = server.port();
        let stage = stage(way)
            .allow(format!("http:http://example.com:{port} in 127.0.0.0/8"))
            .name("xn--exmple-4nf.com", &["127.0.0.1"])
            .set()
            .await;
        let answer = stage.fetch(&format!("GET http://xn--exmple-4nf.com:{port}/")).await;
        stage.was_denied(&answer, DenyCode::NotGranted);
        server.was_left_alone();
    }

    async fn a_literal_is_dialled_where_it_is_granted_and_nowhere_else(way) {
        let (granted, beside) = pair(Ipv4Addr::new(127, 0, 0, 1), Ipv4Addr::new(127, 0, 0, 2)).await;
        let port = granted.port();
        let rule = format!("http:http://127.0.0.1:{port}");
        let stage = stage(way).allow(&rule).set().await;
        let answer = stage.fetch(&format!("GET http://127.0.0.1:{port}/")).await;
        stage.was_allowed(&answer, &rule).await;
        let answer = stage.fetch(&format!("GET http://127.0.0.2:{port}/")).await;
        stage.was_denied(&answer, DenyCode::NotGranted);
        beside.was_left_alone();
        assert!(stage.names.asked().is_empty());
    }

    async fn an_ipv6_literal_is_dialled_where_it_is_granted(way) {
        let server = Server::at((Ipv6Addr::LOCALHOST, 0).into(), |_| Reply::ok("six")).await;
        let port = server.port();
        let rule = format!("http:http://[::1]:{port}");
        let stage = stage(way).allow(&rule).set().await;
        let answer = stage.fetch(&format!("GET http://[::1]:{port}/")).await;
        stage.was_allowed(&answer, &rule).await;
        let host = format!("host: [::1]:{port}\r\n");
        assert!(server.seen().requests[0].to_ascii_lowercase().contains(&host));
    }

    async fn a_closed_network_is_closed_for_everything(way) {
        let server = Server::forbidden().await;
        let port = server.port();
        let stage = stage(way)
            .host(|host| host.network(false))
            .allow(format!("http:http://127.0.0.1:{port}"))
            .allow(format!("http:http://api.example.com:{port} in 127.0.0.0/8"))
            .name("api.example.com", &["127.0.0.1"])
            .set()
            .await;
        for host in ["127.0.0.1", "api.example.com", "other.example"] {
            let answer = stage.fetch(&format!("GET http://{host}:{port}/")).await;
            stage.was_denied(&answer, DenyCode::Offline);
        }
        server.was_left_alone();
        assert!(stage.names.asked().is_empty());
    }

    async fn without_a_grant_nothing_is_reached(way) {
        let server = Server::forbidden().await;
        let stage = stage(way).set().await;
        let answer = stage.fetch(&format!("GET http://127.0.0.1:{}/", server.port())).await;
        stage.was_denied(&answer, DenyCode::NotGranted);
        server.was_left_alone();
    }
}

/// Decided when the rule is read: there is no such rule.
#[test]
fn a_wildcard_over_a_public_suffix_is_no_rule() {
    for rule in [
        "http:https://*.com",
        "http:https://*.co.uk",
        "http:https://*.github.io",
    ] {
        let error = rule
            .parse::<portcullis_host_core::Capability>()
            .unwrap_err();
        assert!(error.to_string().contains("suffix"), "{error}");
    }
}
