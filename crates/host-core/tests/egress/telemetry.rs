//! What a call, its requests, a denial and a panic look like from outside.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentelemetry::trace::{SpanKind, Status, TracerProvider as _};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData, ResourceMetrics};
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{SdkMeterProvider, Temporality};
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use portcullis_host_core::telemetry::{TraceContext, names};
use portcullis_host_core::{CallOptions, ErrorKind, Grant, Host};
use portcullis_test_artifacts as guests;
use serde_json::json;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::server::{Reply, Server};
use crate::support::{Stage, request, stage, through_every_way, with};

const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Spans that have ended.
#[derive(Clone, Debug, Default)]
struct Spans(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Spans {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().unwrap().extend(batch);
        Ok(())
    }
}

impl Spans {
    /// Keeps what this thread opens from now on.
    fn collected() -> (Self, DefaultGuard) {
        let spans = Self::default();
        let provider = SdkTracerProvider::builder()
            .with_simple_exporter(spans.clone())
            .build();
        // The engine has spans of its own, for each function of WASI.
        let ours = filter_fn(|metadata| {
            metadata.target().starts_with("portcullis") || metadata.name() == "outer"
        });
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        let layer = layer.with_filter(ours);
        let subscriber = tracing_subscriber::registry().with(layer);
        (spans, tracing::subscriber::set_default(subscriber))
    }

    fn all(&self, name: &str) -> Vec<Seen> {
        let spans = self.0.lock().unwrap();
        let named = spans.iter().filter(|span| span.name == name);
        named.cloned().map(Seen).collect()
    }

    #[track_caller]
    fn one(&self, name: &str) -> Seen {
        let mut spans = self.all(name);
        assert_eq!(spans.len(), 1, "{name}: {spans:?}");
        spans.remove(0)
    }
}

/// A span that has ended.
#[derive(Debug)]
struct Seen(SpanData);

impl Seen {
    fn attributes(&self) -> BTreeMap<String, String> {
        let attributes = self.0.attributes.iter();
        attributes
            .map(|pair| (pair.key.to_string(), pair.value.to_string()))
            .collect()
    }

    fn get(&self, name: &str) -> Option<String> {
        self.attributes().remove(name)
    }

    fn trace_id(&self) -> String {
        self.0.span_context.trace_id().to_string()
    }

    fn is_child_of(&self, parent: &Seen) -> bool {
        self.trace_id() == parent.trace_id()
            && self.0.parent_span_id == parent.0.span_context.span_id()
    }
}

/// The fields of a name in the first request that a server saw.
fn sent(server: &Server, name: &str) -> Vec<String> {
    let requests = server.seen().requests;
    let head = requests[0].to_ascii_lowercase();
    head.lines()
        .filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        .map(str::to_owned)
        .collect()
}

async fn fetch(stage: &Stage, server: &Server, options: CallOptions) -> serde_json::Value {
    let asked = request(&format!(
        "GET http://127.0.0.1:{}/v1?key=hush",
        server.port()
    ));
    let asked = with(
        asked,
        "headers",
        json!([["traceparent", "00-1"], ["tracestate", "evil=1"]]),
    );
    let arguments = json!({ "request": asked });
    let answer = stage.plugin.call("fetch", arguments, options).await;
    answer.unwrap().structured.unwrap()
}

through_every_way! {
    async fn a_request_is_a_child_of_its_call_and_carries_the_trace_on(way) {
        let (spans, _guard) = Spans::collected();
        let server = Server::hello().await;
        let stage = stage(way).allow(format!("http:http://127.0.0.1:{}", server.port())).set().await;
        let trace = TraceContext::parse(TRACE, Some("vendor=1")).unwrap();
        let options = CallOptions { trace: Some(trace), ..CallOptions::default() };
        let told = fetch(&stage, &server, options).await;
        assert_eq!(told["body"], "hello");
        stage.trail.take_allowed().await;

        let load = spans.one(names::LOAD);
        assert_eq!(load.get(names::OUTCOME).as_deref(), Some("ok"));
        assert_eq!(load.get(names::PLUGIN_DIGEST), Some(stage.plugin.digest().to_string()));
        let call = spans.one(names::CALL);
        assert_eq!(call.trace_id(), TRACE_ID);
        assert_eq!(call.0.parent_span_id.to_string(), "00f067aa0ba902b7");
        assert_eq!(call.get(names::TOOL_NAME).as_deref(), Some("fetch"));
        assert_eq!(call.get(names::OUTCOME).as_deref(), Some("ok"));
        assert_eq!(call.get(names::INSTANCE_POLICY).as_deref(), Some("fresh"));
        assert!(call.get(names::BYTES_IN).is_some() && call.get(names::BYTES_OUT).is_some());

        let egress = spans.one(names::EGRESS);
        assert!(egress.is_child_of(&call), "{egress:?}");
        assert_eq!(egress.0.span_kind, SpanKind::Client);
        let expected = [
            (names::HTTP_METHOD, "GET".to_owned()),
            (names::URL_SCHEME, "http".to_owned()),
            (names::SERVER_ADDRESS, "127.0.0.1".to_owned()),
            (names::SERVER_PORT, server.port().to_string()),
            (names::HTTP_STATUS, "200".to_owned()),
            (names::BYTES_IN, "5".to_owned()),
            (names::BYTES_OUT, "0".to_owned()),
            (names::OUTCOME, "ok".to_owned()),
        ];
        for (name, value) in expected {
            assert_eq!(egress.get(name), Some(value), "{name}");
        }
        assert_eq!(egress.get(names::CALL_ID), call.get(names::CALL_ID));
        assert!(!format!("{egress:?}{call:?}").contains("hush"));

        // The guest's own trace is nowhere.
        let span = egress.0.span_context.span_id();
        assert_eq!(sent(&server, "traceparent"), [format!("00-{TRACE_ID}-{span}-01")]);
        assert_eq!(sent(&server, "tracestate"), ["vendor=1"]);
    }

    async fn a_denied_request_says_where_to_and_why_not(way) {
        let (spans, _guard) = Spans::collected();
        let stage = stage(way).set().await;
        stage.fetch("GET http://internal.example/admin?key=hush").await;
        let egress = spans.one(names::EGRESS);
        assert!(egress.is_child_of(&spans.one(names::CALL)));
        assert_eq!(egress.get(names::OUTCOME).as_deref(), Some("denied"));
        assert_eq!(egress.get(names::ERROR_TYPE).as_deref(), Some("not-granted"));
        assert_eq!(egress.get(names::SERVER_ADDRESS).as_deref(), Some("internal.example"));
        assert!(matches!(egress.0.status, Status::Error { .. }));
        assert!(!format!("{egress:?}").contains("hush"));
    }

    async fn a_request_without_an_answer_says_what_went_wrong(way) {
        let (spans, _guard) = Spans::collected();
        let server = Server::start(|_| Reply::close("nonsense\r\n\r\n")).await;
        let stage = stage(way).allow(format!("http:http://127.0.0.1:{}", server.port())).set().await;
        stage.fetch(&format!("GET http://127.0.0.1:{}/", server.port())).await;
        let egress = spans.one(names::EGRESS);
        assert_eq!(egress.get(names::OUTCOME).as_deref(), Some("error"));
        assert_eq!(egress.get(names::ERROR_TYPE).as_deref(), Some("http-protocol-error"));
    }

    async fn without_a_subscriber_a_trace_goes_out_as_it_came(way) {
        let server = Server::hello().await;
        let stage = stage(way).allow(format!("http:http://127.0.0.1:{}", server.port())).set().await;
        let trace = TraceContext::parse(TRACE, Some("vendor=1")).unwrap();
        let options = CallOptions { trace: Some(trace), ..CallOptions::default() };
        fetch(&stage, &server, options).await;
        assert_eq!(sent(&server, "traceparent"), [TRACE]);
        assert_eq!(sent(&server, "tracestate"), ["vendor=1"]);
    }

    async fn without_a_trace_nothing_is_added_and_the_guests_own_is_taken_out(way) {
        let server = Server::hello().await;
        let stage = stage(way).allow(format!("http:http://127.0.0.1:{}", server.port())).set().await;
        fetch(&stage, &server, CallOptions::default()).await;
        assert!(sent(&server, "traceparent").is_empty() && sent(&server, "tracestate").is_empty());
    }

    async fn a_host_that_repeats_a_secret_is_not_told(way) {
        let (spans, _guard) = Spans::collected();
        let value = "tokentokentokentoken";
        let stage = stage(way)
            .secret("TOKEN", value, "GET https://api.example.com/*", "bearer")
            .set()
            .await;
        stage.fetch(&format!("GET https://{value}.example.com/")).await;
        let egress = spans.one(names::EGRESS);
        assert_eq!(egress.get(names::SERVER_ADDRESS), None);
        assert!(!format!("{egress:?}").contains(value));
    }
}

async fn hostile() -> (Host, portcullis_host_core::Plugin) {
    let host = Host::builder()
        .no_cache()
        .max_in_flight(2)
        .no_audit()
        .build()
        .unwrap();
    let plugin = host
        .load(guests::HOSTILE_CALLS, Grant::none())
        .await
        .unwrap();
    (host, plugin)
}

#[tokio::test]
async fn a_panic_is_an_event_of_its_call_and_can_not_forge_another_line() {
    let (_host, plugin) = hostile().await;
    let (spans, _guard) = Spans::collected();
    let message = "first\nsecond\u{1b}[31m\u{202e}";
    let error = plugin
        .call(
            "panic",
            json!({ "message": message }),
            CallOptions::default(),
        )
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Trapped);
    let call = spans.one(names::CALL);
    assert_eq!(call.get(names::ERROR_TYPE).as_deref(), Some("trapped"));
    let events = &call.0.events;
    let panic = events.iter().find(|event| event.name == names::PANIC);
    let panic = panic.unwrap_or_else(|| panic!("{events:?}"));
    let told = |name: &str| {
        let attribute = panic
            .attributes
            .iter()
            .find(|pair| pair.key.as_str() == name);
        attribute.unwrap().value.to_string()
    };
    assert_eq!(
        told(names::EXCEPTION_MESSAGE),
        "first\\nsecond\\u{1b}[31m\\u{202e}"
    );
    assert!(told(names::PANIC_PLACE).contains("hostile_calls.rs:"));
    assert_eq!(Some(told(names::CALL_ID)), call.get(names::CALL_ID));
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_and_one_of_no_tool_have_ends_of_their_own() {
    let (_host, plugin) = hostile().await;
    let (spans, _guard) = Spans::collected();
    let waiting = plugin.call("wait", json!({}), CallOptions::default());
    drop(tokio::time::timeout(Duration::from_millis(50), waiting).await);
    let made_up = "made up\n";
    drop(
        plugin
            .call(made_up, json!({}), CallOptions::default())
            .await,
    );
    let [dropped, unknown] = &spans.all(names::CALL)[..] else {
        panic!("two calls")
    };
    assert_eq!(dropped.get(names::OUTCOME).as_deref(), Some("dropped"));
    assert_eq!(
        unknown.get(names::ERROR_TYPE).as_deref(),
        Some("unknown-tool")
    );
    assert!(!format!("{unknown:?}").contains("made up"));
}

#[tokio::test]
async fn a_current_span_comes_before_the_trace_of_the_call() {
    let (_host, plugin) = hostile().await;
    let (spans, _guard) = Spans::collected();
    let outer = tracing::info_span!("outer");
    let trace = TraceContext::parse(TRACE, None).unwrap();
    let options = CallOptions {
        trace: Some(trace),
        ..CallOptions::default()
    };
    let call = plugin.call("log_lines", json!({ "lines": 1, "length": 3 }), options);
    drop(tracing::Instrument::instrument(call, outer).await);
    let call = spans.one(names::CALL);
    assert!(call.is_child_of(&spans.one("outer")));
    let line = call.0.events.iter().next().expect("the guest's line");
    let of_call = |pair: &opentelemetry::KeyValue| pair.key.as_str() == names::CALL_ID;
    assert!(line.attributes.iter().any(of_call), "{line:?}");
}

/// Each metric's points: its attributes, and its value or count.
type Points = BTreeMap<String, Vec<(BTreeMap<String, String>, f64)>>;

/// What was measured.
#[derive(Clone, Default)]
struct Measured(Arc<Mutex<Points>>);

impl PushMetricExporter for Measured {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        fn attributes<'a>(
            pairs: impl Iterator<Item = &'a opentelemetry::KeyValue>,
        ) -> BTreeMap<String, String> {
            pairs
                .map(|pair| (pair.key.to_string(), pair.value.to_string()))
                .collect()
        }
        let mut points = self.0.lock().unwrap();
        for metric in metrics.scope_metrics().flat_map(|scope| scope.metrics()) {
            let found: Vec<_> = match metric.data() {
                AggregatedMetrics::U64(MetricData::Sum(sum)) => sum
                    .data_points()
                    .map(|point| (attributes(point.attributes()), point.value() as f64))
                    .collect(),
                AggregatedMetrics::I64(MetricData::Sum(sum)) => sum
                    .data_points()
                    .map(|point| (attributes(point.attributes()), point.value() as f64))
                    .collect(),
                AggregatedMetrics::F64(MetricData::Histogram(histogram)) => histogram
                    .data_points()
                    .map(|point| (attributes(point.attributes()), point.count() as f64))
                    .collect(),
                other => panic!("{}: {other:?}", metric.name()),
            };
            points.insert(metric.name().to_owned(), found);
        }
        Ok(())
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        Temporality::Cumulative
    }
}

impl Measured {
    /// The value of the one point of a metric that has these attributes, and perhaps others.
    #[track_caller]
    fn value(&self, name: &str, attributes: &[(&str, &str)]) -> f64 {
        let points = self.0.lock().unwrap();
        let all = points
            .get(name)
            .unwrap_or_else(|| panic!("no {name}: {points:?}"));
        let mut fitting = all.iter().filter(|(found, _)| {
            let has = |(key, value): &(&str, &str)| found.get(*key).is_some_and(|it| it == value);
            attributes.iter().all(has)
        });
        let (Some((_, value)), None) = (fitting.next(), fitting.next()) else {
            panic!("{name} {attributes:?}: {all:?}")
        };
        *value
    }
}

#[tokio::test]
async fn calls_failures_loads_and_decisions_are_counted() {
    let measured = Measured::default();
    let provider = SdkMeterProvider::builder()
        .with_periodic_exporter(measured.clone())
        .build();
    let stage = stage(crate::support::Way::Sdk)
        .host(|host| host.meter_provider(&provider))
        .set()
        .await;
    for _ in 0..2 {
        stage.fetch("GET http://internal.example/").await;
    }
    for tool in ["fetch", "made up"] {
        let call = stage.plugin.call(tool, json!({}), CallOptions::default());
        assert!(call.await.is_err());
    }
    drop(stage.host.load(b"nonsense".as_slice(), Grant::none()).await);
    provider.force_flush().unwrap();

    let id = stage.plugin.id().to_string();
    let plugin = (names::PLUGIN_ID, id.as_str());
    let tool = (names::TOOL_NAME, "fetch");
    let invalid = (names::ERROR_TYPE, "invalid-arguments");
    let unknown = (names::ERROR_TYPE, "unknown-tool");
    assert_eq!(measured.value(names::CALLS, &[plugin, tool, invalid]), 1.0);
    assert_eq!(measured.value(names::CALLS, &[plugin, unknown]), 1.0);
    assert_eq!(
        measured.value(names::CALL_DURATION, &[plugin, unknown]),
        1.0
    );
    let denied = [
        plugin,
        (names::CAPABILITY, "http"),
        (names::DECISION, "deny"),
        (names::ERROR_TYPE, "not-granted"),
    ];
    assert_eq!(measured.value(names::DECISIONS, &denied), 2.0);
    let no_component = (names::ERROR_TYPE, "not-a-component");
    assert_eq!(measured.value(names::LOADS, &[no_component]), 1.0);
    for name in [
        names::CALLS_RUNNING,
        names::CALLS_QUEUED,
        names::INSTANCES,
        names::SESSIONS,
    ] {
        assert_eq!(measured.value(name, &[]), 0.0, "{name}");
    }
    let lookups = [true, false].map(|hit| {
        measured.value(
            names::CACHE_LOOKUPS,
            &[(names::CACHE_HIT, &hit.to_string())],
        )
    });
    assert_eq!(lookups[0] + lookups[1], 1.0);
}
