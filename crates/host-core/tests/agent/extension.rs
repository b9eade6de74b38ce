//! An interface of the embedder's own, that a plugin imports beside those of the contract.

use std::sync::{Arc, Mutex, OnceLock};

use futures::future;
use portcullis_host_core::{
    CallOptions, Error, ErrorKind, Host, HostInterface, HostResult, Plugin, Remedy, ServiceCaller,
};
use portcullis_test_artifacts::{WELL_EXTENSION, WELL_TOOLS};
use serde_json::json;

use crate::support::*;

const INVOICES: &str = "acme:billing/invoices@1.0.0";

async fn total(_: ServiceCaller, (month,): (String,)) -> HostResult<u64> {
    match month.as_str() {
        "2026-11" => Ok(4_200),
        "never" => future::pending().await,
        _ => Err(format!("there are no invoices of {month}")),
    }
}

fn invoices() -> HostInterface {
    HostInterface::new(INVOICES, capability("host:billing"))
}

fn offering(interface: HostInterface) -> Host {
    builder().interface(interface).build().unwrap()
}

#[tokio::test]
async fn a_granted_plugin_uses_what_its_host_offers() {
    let host = offering(invoices().function("total", total));
    let grant = granted(&["host:billing"]);
    let plugin = host.load(WELL_EXTENSION, grant).await.unwrap();
    assert_eq!(
        ask(&plugin, "total", json!({ "month": "2026-11" })).await,
        4_200
    );
    let error = fail(&plugin, "total", json!({ "month": "1999-01" })).await;
    assert!(
        matches!(&error, Error::Tool(error) if error.message == "there are no invoices of 1999-01"),
        "{error}"
    );
    let hung = plugin
        .call("total", json!({ "month": "never" }), short())
        .await;
    assert_eq!(hung.unwrap_err().kind(), ErrorKind::DeadlineExceeded);
    nothing_runs(&host);
}

#[tokio::test]
async fn a_function_knows_who_calls_it() {
    let callers = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&callers);
    let function = move |caller: ServiceCaller, _: (String,)| {
        seen.lock().unwrap().push(caller.chain.to_string());
        future::ready(HostResult::Ok(1_u64))
    };
    let host = offering(invoices().function("total", function));
    let grant = granted(&["host:billing"]);
    let plugin = host.load(WELL_EXTENSION, grant).await.unwrap();
    ask(&plugin, "total", json!({ "month": "2026-11" })).await;
    let caller = format!("{}/total", plugin.id());
    assert_eq!(*callers.lock().unwrap(), [caller]);
}

#[tokio::test]
async fn a_function_may_call_another_plugin() {
    let sums: Arc<OnceLock<Plugin>> = Arc::default();
    let known = Arc::clone(&sums);
    let function = move |caller: ServiceCaller, _: (String,)| {
        let known = Arc::clone(&known);
        async move {
            let options = CallOptions {
                chain: Some(caller.chain),
                ..CallOptions::default()
            };
            let plugin = known.get().unwrap();
            let called = plugin.call("add-up", json!({ "a": 40, "b": 2 }), options);
            let output = called.await.map_err(|error| error.to_string())?;
            output
                .text()
                .parse::<u64>()
                .map_err(|error| error.to_string())
        }
    };
    let host = offering(invoices().function("total", function));
    assert!(sums.set(load(&host, WELL_TOOLS).await).is_ok());
    let grant = granted(&["host:billing"]);
    let plugin = host.load(WELL_EXTENSION, grant).await.unwrap();
    let total = ask(&plugin, "total", json!({ "month": "2026-11" }));
    assert_eq!(total.await, 42);
    nothing_runs(&host);
}

#[tokio::test]
async fn without_the_grant_the_function_is_not_entered() {
    async fn entered(_: ServiceCaller, _: (String,)) -> HostResult<u64> {
        panic!("nobody granted this")
    }
    let host = offering(invoices().function("total", entered));
    for grant in [granted(&[]), granted(&["host:sales"])] {
        let plugin = host.load(WELL_EXTENSION, grant).await.unwrap();
        let error = fail(&plugin, "total", json!({ "month": "2026-11" })).await;
        assert_eq!(code(&error), "denied");
        assert_eq!(remedies(error), [Remedy::Allow(capability("host:billing"))]);
    }
}

#[tokio::test]
async fn what_the_host_does_not_offer_fails_the_load_by_name() {
    let other_version =
        HostInterface::new("acme:billing/invoices@2.0.0", capability("host:billing"));
    for host in [host(), offering(other_version.function("total", total))] {
        let error = host.load(WELL_EXTENSION, granted(&[])).await.unwrap_err();
        assert!(
            matches!(&error, Error::UnknownImport { name } if name == INVOICES),
            "{error}"
        );
    }
    let without_it = offering(invoices().function("sum", total));
    let error = without_it.load(WELL_EXTENSION, granted(&[])).await;
    let error = error.unwrap_err();
    assert!(
        matches!(&error, Error::UnknownImport { name } if name.contains("with its function total")),
        "{error}"
    );
}

#[tokio::test]
async fn a_function_of_another_type_fails_the_load() {
    let of_numbers = |_: ServiceCaller, (month,): (u32,)| future::ready(HostResult::Ok(month));
    let host = offering(invoices().function("total", of_numbers));
    let error = host.load(WELL_EXTENSION, granted(&[])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownImport, "{error}");
}
