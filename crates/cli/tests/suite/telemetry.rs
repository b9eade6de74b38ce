//! What a collector gets of a load, a call, a request, a denial and a panic – and what a command makes of collectors that are
//! none.

use crate::collector::{Collector, attribute};
use crate::server::Server;
use crate::support::{Ran, portcullis};
use portcullis_test_artifacts as guests;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// A command that exports to `collector`, within a trace.
fn exporting(protocol: &str, collector: SocketAddr) -> Command {
    let mut command = portcullis();
    command
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{collector}"))
        .env("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
        .env("TRACEPARENT", format!("00-{TRACE}-{CALLER}-01"))
        .env("TRACESTATE", "vendor=1");
    command
}

/// Both protocols, each with a collector of its own.
fn collectors() -> [(&'static str, Collector, SocketAddr); 2] {
    let (grpc, http) = (Collector::default(), Collector::default());
    let addresses = (grpc.grpc(), http.http());
    [
        ("grpc", grpc, addresses.0),
        ("http/protobuf", http, addresses.1),
    ]
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_load_a_call_and_its_request_arrive_in_the_callers_trace() {
    for (protocol, collector, address) in collectors() {
        let server = Server::start();
        let ran = Ran::of(exporting(protocol, address).args([
            "call",
            guests::HOSTILE_EGRESS_SDK,
            "insist",
            &server.arguments(),
            "--no-audit",
            "--allow",
            &server.rule(),
        ]));
        assert_eq!(ran.code, Some(0), "{protocol}: {}", ran.stderr);

        let received = collector.received();
        assert_eq!(received.services, ["portcullis"], "{protocol}");
        let load = received.span("plugin.load");
        let call = received.span("plugin.call");
        let egress = received.span("plugin.egress");
        for span in [load, call, egress] {
            assert_eq!(hex(&span.trace_id), TRACE, "{protocol}: {span:?}");
        }
        assert_eq!(hex(&load.parent_span_id), CALLER);
        assert_eq!(hex(&call.parent_span_id), CALLER);
        assert_eq!(egress.parent_span_id, call.span_id);
        assert_eq!(
            attribute(&call.attributes, "gen_ai.tool.name").as_deref(),
            Some("insist")
        );
        assert_eq!(
            attribute(&egress.attributes, "http.response.status_code").as_deref(),
            Some("200")
        );
        assert_eq!(
            server.field("traceparent"),
            Some(format!("00-{TRACE}-{}-01", hex(&egress.span_id)))
        );
        assert_eq!(server.field("tracestate").as_deref(), Some("vendor=1"));
        assert!(!format!("{:?}", received.spans).contains("hush"));

        assert_eq!(
            received.sums("portcullis.calls", "gen_ai.tool.name"),
            [(Some("insist".into()), 1)].into()
        );
        assert_eq!(
            received.sums("portcullis.decisions", "portcullis.decision")[&Some("allow".into())],
            1
        );
        assert_eq!(
            received.sums("portcullis.loads", "error.type"),
            [(None, 1)].into()
        );
    }
}

#[test]
fn a_denied_request_arrives_with_its_code() {
    for (protocol, collector, address) in collectors() {
        let server = Server::start();
        let ran = Ran::of(exporting(protocol, address).args([
            "call",
            guests::HOSTILE_EGRESS_SDK,
            "insist",
            &server.arguments(),
            "--no-audit",
        ]));
        assert_eq!(ran.code, Some(4), "{protocol}: {}", ran.stderr);
        let received = collector.received();
        let egress = received.span("plugin.egress");
        assert_eq!(hex(&egress.trace_id), TRACE);
        assert_eq!(egress.parent_span_id, received.span("plugin.call").span_id);
        for (name, value) in [
            ("portcullis.outcome", "denied"),
            ("error.type", "not-granted"),
            ("server.address", "127.0.0.1"),
        ] {
            assert_eq!(
                attribute(&egress.attributes, name).as_deref(),
                Some(value),
                "{protocol}"
            );
        }
        assert_eq!(
            received.sums("portcullis.decisions", "error.type")[&Some("not-granted".into())],
            1
        );
        assert_eq!(server.connections(), 0);
    }
}

#[test]
fn a_panic_arrives_escaped_in_span_and_log_of_one_trace() {
    for (protocol, collector, address) in collectors() {
        let ran = Ran::of(exporting(protocol, address).args([
            "call",
            guests::HOSTILE_CALLS,
            "panic",
            "--args",
            r#"{"message": "first\nsecond\u001b[31m"}"#,
        ]));
        assert_eq!(ran.code, Some(8), "{protocol}: {}", ran.stderr);
        let received = collector.received();
        let call = received.span("plugin.call");
        let panic = call
            .events
            .iter()
            .find(|event| event.name == "plugin.panic");
        let panic = panic.unwrap_or_else(|| panic!("{protocol}: {call:?}"));
        let message = Some("first\\nsecond\\u{1b}[31m");
        assert_eq!(
            attribute(&panic.attributes, "exception.message").as_deref(),
            message
        );
        let of_panic = |log: &&_| {
            let log: &opentelemetry_proto::tonic::logs::v1::LogRecord = log;
            attribute(&log.attributes, "exception.message").as_deref() == message
        };
        let log = received.logs.iter().find(of_panic).expect("a log record");
        assert_eq!(
            (hex(&log.trace_id).as_str(), &log.span_id),
            (TRACE, &call.span_id)
        );
        assert_eq!(
            received.sums("portcullis.calls", "error.type")[&Some("trapped".into())],
            1
        );
    }
}

#[test]
fn lines_of_guests_arrive_with_plugin_call_and_trace_and_are_still_shown() {
    for (protocol, collector, address) in collectors() {
        let ran = Ran::of(exporting(protocol, address).args([
            "call",
            guests::HOSTILE_CALLS,
            "log_lines",
            "--arg=lines=2",
            "--arg=length=5",
        ]));
        assert_eq!(ran.code, Some(0), "{protocol}: {}", ran.stderr);
        let received = collector.received();
        let call = received.span("plugin.call");
        let id = attribute(&call.attributes, "portcullis.call.id");
        let logs = received.logs.iter();
        let lines: Vec<_> = logs
            .filter(|log| attribute(&log.attributes, "portcullis.log.source").is_some())
            .collect();
        assert_eq!(lines.len(), 2, "{:?}", received.logs);
        for line in lines {
            assert_eq!(hex(&line.trace_id), TRACE);
            assert_eq!(line.span_id, call.span_id);
            assert_eq!(attribute(&line.attributes, "portcullis.call.id"), id);
        }
        assert_eq!(ran.stderr.lines().count(), 2, "{}", ran.stderr);
    }
}

#[test]
fn without_a_collector_a_trace_still_goes_through() {
    let server = Server::start();
    let trace = format!("00-{TRACE}-{CALLER}-01");
    let ran = Ran::of(portcullis().env("TRACEPARENT", &trace).args([
        "call",
        guests::HOSTILE_EGRESS_SDK,
        "insist",
        &server.arguments(),
        "--no-audit",
        "--allow",
        &server.rule(),
    ]));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(server.field("traceparent"), Some(trace));
}

#[test]
fn what_is_switched_off_is_not_contacted_and_nonsense_is_said() {
    let collector = Collector::default();
    let address = collector.http();
    let off = Ran::of(
        exporting("http/protobuf", address)
            .env("OTEL_SDK_DISABLED", "true")
            .args(GREET),
    );
    assert_eq!((off.code, off.stderr.as_str()), (Some(0), ""));
    let odd = Ran::of(
        exporting("http/json", address)
            .env("TRACEPARENT", "nonsense")
            .args(GREET),
    );
    assert_eq!(odd.code, Some(0));
    for said in ["OTEL_EXPORTER_OTLP_PROTOCOL", "TRACEPARENT is ignored"] {
        assert!(odd.stderr.contains(said), "{}", odd.stderr);
    }
    let received = collector.received();
    assert!(received.spans.is_empty() && received.logs.is_empty() && received.metrics.is_empty());
}

/// A call that needs nothing.
const GREET: [&str; 4] = ["call", guests::WELL_TOOLS, "contents", "--no-audit"];

/// Listens, and does something else than a collector with who comes.
fn listening(serve: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || listener.incoming().flatten().for_each(serve));
    address
}

/// Holds the connection, and says nothing.
fn hangs(mut stream: TcpStream) {
    thread::spawn(move || {
        let mut buffer = [0; 1024];
        while stream.read(&mut buffer).is_ok_and(|read| read > 0) {}
    });
}

/// Answers with what is no answer.
fn answers_nonsense(mut stream: TcpStream) {
    let _ = stream.read(&mut [0; 64]);
    let _ = stream.write_all(b"\x1b[31mnonsense\r\n\xff\xff\r\n\r\n");
}

/// Nobody listens there any more.
fn refuses() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

#[test]
fn a_collector_that_hangs_refuses_or_answers_nonsense_costs_a_warning_and_no_more() {
    let alone = Ran::of(portcullis().args(GREET));
    for protocol in ["grpc", "http/protobuf"] {
        for address in [listening(hangs), listening(answers_nonsense), refuses()] {
            let begun = Instant::now();
            let ran = Ran::of(exporting(protocol, address).args(GREET));
            // Three seconds for the collector; the rest is the machine's.
            assert!(begun.elapsed() < Duration::from_secs(30));
            assert_eq!(
                (ran.code, &ran.stdout),
                (alone.code, &alone.stdout),
                "{protocol}"
            );
            let lost = ran.stderr.matches("telemetry was lost").count();
            assert_eq!(lost, 1, "{protocol}: {}", ran.stderr);
            assert!(!ran.stderr.contains('\u{1b}'), "{:?}", ran.stderr);
        }
    }
}
