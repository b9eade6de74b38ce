//! Loads: files, bytes, manifests, the cache, and what is no component.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use portcullis_host_core::{Error, ErrorKind, Grant, Host, LimitOverrides, Limits, LoadOptions};
use portcullis_test_artifacts::{PLUGIN_HELLO, WELL_GREET, WELL_STATE};
use proptest::prelude::*;
use serde_json::json;

use crate::support::*;

fn with_cache(folder: &Path) -> Host {
    builder().cache_dir(folder).build().unwrap()
}

async fn load_bytes(bytes: &[u8]) -> Result<portcullis_host_core::Plugin, Error> {
    host().load(bytes, Grant::none()).await
}

/// How often loading `guest` compiles.
async fn compilations(host: &Host, guest: &str) -> u32 {
    let count = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&count);
    let tell: Arc<dyn Fn() + Send + Sync> = Arc::new(move || {
        counter.fetch_add(1, Ordering::Relaxed);
    });
    let load = LoadOptions {
        on_compile: Some(tell),
        ..LoadOptions::default()
    };
    let plugin = host.load_with(guest, load).await.unwrap();
    assert_eq!(
        ask(&plugin, "greet", json!({"name": "Ada"})).await,
        "Hello, Ada!"
    );
    count.load(Ordering::Relaxed)
}

#[tokio::test]
async fn a_second_load_runs_no_guest_code_and_compiles_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    assert_eq!(compilations(&with_cache(&cache), WELL_GREET).await, 1);
    let host = with_cache(&cache);
    assert_eq!(compilations(&host, WELL_GREET).await, 0);
    assert_eq!((host.stats().cache_hits, host.stats().cache_misses), (1, 0));
}

#[tokio::test]
async fn a_damaged_cache_is_compiled_again_and_never_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    compilations(&with_cache(&cache), WELL_GREET).await;
    for damage in [&b""[..], b"not code", &[0; 100_000]] {
        for entry in fs::read_dir(&cache)
            .unwrap()
            .map(|entry| entry.unwrap().path())
        {
            if entry
                .extension()
                .is_some_and(|extension| extension == "cwasm")
            {
                fs::write(entry, damage).unwrap();
            }
        }
        assert_eq!(compilations(&with_cache(&cache), WELL_GREET).await, 1);
    }
    fs::write(cache.join("mac.key"), "short").unwrap();
    assert_eq!(compilations(&with_cache(&cache), WELL_GREET).await, 1);
}

#[tokio::test]
async fn a_cache_that_cannot_be_made_is_done_without() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    assert_eq!(compilations(&with_cache(&file), WELL_GREET).await, 1);
}

#[tokio::test]
async fn a_missing_file_a_folder_and_an_empty_file_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let missing = host()
        .load(folder.path().join("missing.wasm"), Grant::none())
        .await
        .unwrap_err();
    assert!(
        matches!(&missing, Error::Io { path, .. } if path.ends_with("missing.wasm")),
        "{missing}"
    );
    assert_eq!(
        host()
            .load(folder.path(), Grant::none())
            .await
            .unwrap_err()
            .kind(),
        ErrorKind::Io
    );
    let empty = load_bytes(b"").await.unwrap_err();
    assert!(empty.to_string().contains("empty"), "{empty}");
}

#[tokio::test]
async fn a_core_module_is_told_how_to_become_a_component() {
    let module = wat::parse_str("(module)").unwrap();
    let error = load_bytes(&module).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotAComponent);
    assert!(error.to_string().contains("wasm32-wasip2"), "{error}");
}

#[tokio::test]
async fn a_component_without_tools_is_told_what_it_lacks() {
    let error = load_bytes(&wat::parse_str("(component)").unwrap())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::NoTools), "{error}");
}

#[tokio::test]
async fn a_component_beyond_a_limit_is_refused_before_it_is_compiled() {
    let bytes = fs::read(WELL_GREET).unwrap();
    let mut limits = Limits::default();
    limits.load.component_bytes = bytes.len() as u64 - 1;
    let small = builder().limits(limits).build().unwrap();
    for error in [
        small.load(WELL_GREET, Grant::none()).await.unwrap_err(),
        small.load(bytes, Grant::none()).await.unwrap_err(),
    ] {
        assert!(
            matches!(
                error,
                Error::LoadLimit {
                    limit: "component-bytes",
                    ..
                }
            ),
            "{error}"
        );
    }
    for (limit, change) in [
        (
            "functions",
            (|limits| limits.load.functions = 1) as fn(&mut Limits),
        ),
        ("function-bytes", |limits| limits.load.function_bytes = 10),
    ] {
        let mut limits = Limits::default();
        change(&mut limits);
        let host = builder().limits(limits).no_cache().build().unwrap();
        let error = host.load(WELL_GREET, Grant::none()).await.unwrap_err();
        assert!(
            matches!(error, Error::LoadLimit { limit: found, .. } if found == limit),
            "{error}"
        );
    }
}

#[tokio::test]
async fn compiling_for_too_long_is_given_up() {
    let mut limits = Limits::default();
    limits.load.compile_time = std::time::Duration::from_millis(1);
    let host = builder().limits(limits).no_cache().build().unwrap();
    let error = host.load(PLUGIN_HELLO, Grant::none()).await.unwrap_err();
    assert!(matches!(error, Error::CompileTime { .. }), "{error}");
}

#[tokio::test]
async fn the_manifest_names_the_plugin_and_a_file_without_one_is_called_after_itself() {
    let host = host();
    let hello = load(&host, PLUGIN_HELLO).await;
    assert_eq!(hello.id().as_str(), "org.portcullis.hello");
    assert_eq!(&hello.manifest().unwrap().plugin.id, hello.id());
    assert_eq!(load(&host, WELL_GREET).await.id().as_str(), "well-greet");
    let bytes = host
        .load(fs::read(WELL_GREET).unwrap(), Grant::none())
        .await
        .unwrap();
    assert!(bytes.id().as_str().starts_with("sha256-"));
    assert!(
        bytes
            .digest()
            .to_string()
            .contains(&bytes.id().as_str()["sha256-".len()..])
    );
}

#[tokio::test]
async fn a_manifest_beside_the_file_counts_only_where_none_is_inside() {
    let folder = tempfile::tempdir().unwrap();
    let beside = |name: &str, from: &str, manifest: &str| {
        let path = folder.path().join(name);
        fs::copy(from, &path).unwrap();
        fs::write(path.with_extension("toml"), manifest).unwrap();
        path
    };
    let manifest = "[plugin]\nid = \"org.example.beside\"\nversion = \"1.0.0\"\n";
    let host = host();
    let plugin = host
        .load(beside("a.wasm", WELL_GREET, manifest), Grant::none())
        .await
        .unwrap();
    assert_eq!(plugin.id().as_str(), "org.example.beside");
    let error = host
        .load(beside("b.wasm", PLUGIN_HELLO, manifest), Grant::none())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::ManifestTwice { .. }), "{error}");
    let error = host
        .load(
            beside("c.wasm", WELL_GREET, "[plugin]\nidd = 1\n"),
            Grant::none(),
        )
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Manifest);
    assert!(error.to_string().contains("idd"), "{error}");
    let asking = format!("{manifest}[capabilities]\nrequest = [\"htp:https://example.com\"]\n");
    let error = host
        .load(beside("d.wasm", WELL_GREET, &asking), Grant::none())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownCapability);
    assert!(error.to_string().contains("htp:https"), "{error}");
}

#[tokio::test]
async fn settings_that_do_not_fit_the_manifest_fail_the_load() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wasm");
    fs::copy(WELL_GREET, &path).unwrap();
    let manifest = "[plugin]\nid = \"a.b\"\nversion = \"1.0.0\"\n[config]\ntype = \"object\"\nrequired = [\"key\"]\n";
    fs::write(path.with_extension("toml"), manifest).unwrap();
    let error = host().load(path, Grant::none()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Settings);
}

#[tokio::test]
async fn a_manifest_lowers_limits_and_never_raises_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wasm");
    fs::copy(WELL_GREET, &path).unwrap();
    let manifest = "[plugin]\nid = \"a.b\"\nversion = \"1.0.0\"\n[limits]\nwall-clock = \"1s\"\nmemory-bytes = \"100GiB\"\n";
    fs::write(path.with_extension("toml"), manifest).unwrap();
    let plugin = host().load(path, Grant::none()).await.unwrap();
    assert_eq!(plugin.limits().call.wall_clock.as_secs(), 1);
    assert_eq!(
        plugin.limits().call.memory_bytes,
        Limits::default().call.memory_bytes
    );
}

#[tokio::test]
async fn an_operator_may_raise_one_plugins_memory_beyond_the_hosts_default() {
    let mut limits = Limits::default();
    limits.call.memory_bytes = 16 << 20;
    let host = builder().limits(limits).build().unwrap();
    let keep = json!({"mebibytes": 32});
    let plugin = load(&host, WELL_STATE).await;
    assert_eq!(
        fail(&plugin, "keep", keep.clone()).await.kind(),
        ErrorKind::MemoryExceeded
    );
    let raised = LimitOverrides {
        memory_bytes: Some(64 << 20),
        ..LimitOverrides::default()
    };
    let raised = LoadOptions {
        limits: raised,
        ..LoadOptions::default()
    };
    ask(
        &host.load_with(WELL_STATE, raised).await.unwrap(),
        "keep",
        keep,
    )
    .await;
}

#[tokio::test]
async fn what_the_manifest_asks_for_and_the_grant_lacks_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wasm");
    fs::copy(WELL_GREET, &path).unwrap();
    let manifest = "[plugin]\nid = \"a.b\"\nversion = \"1.0.0\"\n[capabilities]\nrequest = [\"env:HOME\", \"log\"]\n";
    fs::write(path.with_extension("toml"), manifest).unwrap();
    let grant = Grant::none().allow("log".parse().unwrap());
    let plugin = host().load(path, grant).await.unwrap();
    let missing: Vec<_> = plugin.missing().iter().map(ToString::to_string).collect();
    assert_eq!(missing, ["env:HOME"]);
}

#[tokio::test]
async fn inspecting_runs_nothing() {
    let host = host();
    let inspection = host.inspect(PLUGIN_HELLO).await.unwrap();
    assert_eq!(inspection.id.as_str(), "org.portcullis.hello");
    assert!(
        inspection
            .exports
            .iter()
            .any(|name| name == "portcullis:tool/tools@0.1.0"),
        "{:?}",
        inspection.exports
    );
    assert_eq!(
        inspection.sizes.component,
        fs::metadata(PLUGIN_HELLO).unwrap().len()
    );
    assert!(inspection.sizes.code > 0 && inspection.sizes.functions > 0);
    assert_eq!((host.stats().cache_hits, host.stats().cache_misses), (0, 0));
}

#[test]
fn any_bytes_are_loaded_or_refused_and_never_panic() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let host = builder().no_cache().build().unwrap();
    let whole = fs::read(PLUGIN_HELLO).unwrap();
    let random = proptest::collection::vec(any::<u8>(), 0..200);
    let with_header = random.prop_map(|bytes| [&b"\0asm\x0d\0\x01\0"[..], &bytes].concat());
    let length = whole.len();
    let changed = (0..length, any::<u8>()).prop_map(move |(at, byte)| {
        let mut bytes = whole.clone();
        bytes[at] = byte;
        bytes
    });
    let cut = (0..length).prop_map(move |end| fs::read(PLUGIN_HELLO).unwrap()[..end].to_vec());
    let bytes = prop_oneof![with_header, cut, changed];
    let config = ProptestConfig {
        cases: 60,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(bytes in bytes)| {
        let _ = runtime.block_on(host.load(bytes, Grant::none()));
    });
}
