//! A collector of telemetry, by OpenTelemetry's own definitions: over gRPC and over HTTP.

use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::{
    LogsService, LogsServiceServer,
};
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::{Metric, metric::Data, number_data_point};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

/// What came in.
#[derive(Default)]
pub(crate) struct Received {
    pub(crate) services: Vec<String>,
    pub(crate) spans: Vec<Span>,
    pub(crate) logs: Vec<LogRecord>,
    pub(crate) metrics: Vec<Metric>,
}

/// A collector on loopback, for as long as the tests run.
#[derive(Clone, Default)]
pub(crate) struct Collector(Arc<Mutex<Received>>);

impl Collector {
    pub(crate) fn received(&self) -> MutexGuard<'_, Received> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Listens for gRPC.
    pub(crate) fn grpc(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        let collector = self.clone();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                tonic::transport::Server::builder()
                    .add_service(TraceServiceServer::new(collector.clone()))
                    .add_service(MetricsServiceServer::new(collector.clone()))
                    .add_service(LogsServiceServer::new(collector))
                    .serve_with_incoming(TcpIncoming::from(listener))
                    .await
                    .unwrap();
            });
        });
        address
    }

    /// Listens for HTTP.
    pub(crate) fn http(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let collector = self.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let collector = collector.clone();
                thread::spawn(move || collector.serve(&stream));
            }
        });
        address
    }

    /// Answers one request after the other.
    fn serve(&self, mut stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        while let Some((path, body)) = read_request(&mut reader) {
            match path.as_str() {
                "/v1/traces" => self.traces(ExportTraceServiceRequest::decode(&*body).unwrap()),
                "/v1/metrics" => self.metrics(ExportMetricsServiceRequest::decode(&*body).unwrap()),
                "/v1/logs" => self.logs(ExportLogsServiceRequest::decode(&*body).unwrap()),
                other => panic!("{other}"),
            }
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(head.as_bytes()).unwrap();
        }
    }

    fn traces(&self, request: ExportTraceServiceRequest) {
        let mut received = self.received();
        for one in request.resource_spans {
            let resource = one.resource.unwrap_or_default();
            received
                .services
                .extend(attribute(&resource.attributes, "service.name"));
            received
                .spans
                .extend(one.scope_spans.into_iter().flat_map(|scope| scope.spans));
        }
    }

    fn metrics(&self, request: ExportMetricsServiceRequest) {
        let scopes = request
            .resource_metrics
            .into_iter()
            .flat_map(|one| one.scope_metrics);
        self.received()
            .metrics
            .extend(scopes.flat_map(|scope| scope.metrics));
    }

    fn logs(&self, request: ExportLogsServiceRequest) {
        let scopes = request
            .resource_logs
            .into_iter()
            .flat_map(|one| one.scope_logs);
        self.received()
            .logs
            .extend(scopes.flat_map(|scope| scope.log_records));
    }
}

impl Received {
    /// The one span of a name.
    #[track_caller]
    pub(crate) fn span(&self, name: &str) -> &Span {
        let mut named = self.spans.iter().filter(|span| span.name == name);
        let (Some(span), None) = (named.next(), named.next()) else {
            panic!("{name}: {:?}", self.spans)
        };
        span
    }

    /// The sum over all points of a counter, by the attribute of this name.
    #[track_caller]
    pub(crate) fn sums(&self, name: &str, by: &str) -> BTreeMap<Option<String>, i64> {
        let mut sums = BTreeMap::new();
        for metric in self.metrics.iter().filter(|metric| metric.name == name) {
            let Some(Data::Sum(sum)) = &metric.data else {
                panic!("{metric:?}")
            };
            for point in &sum.data_points {
                let Some(number_data_point::Value::AsInt(value)) = point.value else {
                    panic!("{point:?}")
                };
                *sums.entry(attribute(&point.attributes, by)).or_default() += value;
            }
        }
        sums
    }
}

/// An attribute as text.
pub(crate) fn attribute(attributes: &[KeyValue], name: &str) -> Option<String> {
    let found = attributes.iter().find(|pair| pair.key == name)?;
    Some(match found.value.clone()?.value? {
        Value::StringValue(text) => text,
        Value::IntValue(number) => number.to_string(),
        Value::BoolValue(truth) => truth.to_string(),
        other => format!("{other:?}"),
    })
}

/// A request's path and body, until nothing more comes.
fn read_request(reader: &mut impl BufRead) -> Option<(String, Vec<u8>)> {
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(": ") else {
            break;
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((path, body))
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.traces(request.into_inner());
        Ok(Response::new(Default::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Collector {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        self.metrics(request.into_inner());
        Ok(Response::new(Default::default()))
    }
}

#[tonic::async_trait]
impl LogsService for Collector {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        self.logs(request.into_inner());
        Ok(Response::new(Default::default()))
    }
}
