//! Bits that were flipped, files that were swapped: what was verified is loaded, or nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use portcullis_host_core::{
    Digest, Error, ErrorKind, Host, LoadOptions, PluginDir, RegistryOptions, Trust, TrustError,
    TrustFolder,
};
use portcullis_host_policy::trust::{Lock, Signatures};
use portcullis_test_artifacts::{CONTRACT_NEWER, WELL_GREET};
use serde_json::json;

use crate::signed::*;
use crate::support::*;

#[tokio::test]
async fn every_flipped_bit_of_a_signature_is_refused() {
    let host = host();
    let placed = Placed::signed("1.0.0", &[&key(1)]);
    let text = fs::read_to_string(placed.sig()).unwrap();
    let right = Signatures::parse(&text).unwrap();
    let right = right.iter().next().unwrap();
    for bit in 0..64 * 8 {
        let mut flipped = right.clone();
        flipped.bytes[bit / 8] ^= 1 << (bit % 8);
        let mut signatures = Signatures::default();
        signatures.add(flipped);
        fs::write(placed.sig(), signatures.to_string()).unwrap();
        let error = load_by(&host, &placed.path, trust()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Untrusted, "bit {bit}: {error}");
    }
    // And of the file as it is written, whatever it then says.
    for bit in 0..text.len() * 8 {
        let mut bytes = text.clone().into_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(placed.sig(), bytes).unwrap();
        if load_by(&host, &placed.path, trust()).await.is_ok() {
            // A space that became another is all that may be.
            assert!(text.as_bytes()[bit / 8].is_ascii_whitespace(), "bit {bit}");
        }
    }
}

#[tokio::test]
async fn a_flipped_bit_of_component_or_manifest_is_refused() {
    let host = host();
    let placed = Placed::signed("1.0.0", &[&key(1)]);
    let whole = fs::read(&placed.path).unwrap();
    let manifest = fs::metadata(WELL_GREET).unwrap().len() as usize;
    // All of the manifest's section, and one bit in every so many of the rest.
    let step = manifest * 8 / 150;
    let bits = (0..manifest * 8).step_by(step);
    for bit in bits.chain(manifest * 8..whole.len() * 8) {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(&placed.path, bytes).unwrap();
        let loaded = load_by(&host, &placed.path, trust()).await;
        assert!(loaded.is_err(), "bit {bit}");
    }
}

#[tokio::test]
async fn a_file_of_signatures_that_can_t_be_used_says_so_where_it_matters() {
    let placed = Placed::signed("1.0.0", &[&key(1)]);
    let host = host();
    for (text, part) in [
        (b"[[signature]]\nkey = 1\n".to_vec(), "key"),
        (b"\xff\xfe".to_vec(), "UTF-8"),
        (vec![b'#'; 1 << 20], "signature-bytes"),
    ] {
        fs::write(placed.sig(), text).unwrap();
        let error = load_by(&host, &placed.path, trust()).await.unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
        // A person who names the file takes it as it is.
        host.load(placed.path.as_path(), Default::default())
            .await
            .unwrap();
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_pipe_in_the_place_of_a_file_is_refused_and_not_waited_for() {
    let placed = Placed::signed("1.0.0", &[&key(1)]);
    let make_pipe = |path: &Path| {
        fs::remove_file(path).unwrap();
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mkfifoat(rustix::fs::CWD, path, mode).unwrap();
    };
    make_pipe(&placed.sig());
    let error = load_by(&host(), &placed.path, trust()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
    make_pipe(&placed.path);
    let error = load_by(&host(), &placed.path, trust()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
}

#[tokio::test]
async fn a_component_that_is_swapped_once_it_was_read_changes_nothing() {
    let placed = Placed::signed("1.0.0", &[&key(1)]);
    let (path, sig) = (placed.path.clone(), placed.sig());
    let options = LoadOptions {
        trust: Some(trust()),
        // It was judged, and is about to be compiled.
        on_compile: Some(Arc::new(move || {
            fs::copy(CONTRACT_NEWER, &path).unwrap();
            fs::remove_file(&sig).unwrap();
        })),
        ..LoadOptions::default()
    };
    let digest = Digest::of(&fs::read(&placed.path).unwrap());
    let host = builder().no_cache().build().unwrap();
    let plugin = host
        .load_with(placed.path.as_path(), options)
        .await
        .unwrap();
    assert_ne!(Digest::of(&fs::read(&placed.path).unwrap()), digest);
    assert_eq!(*plugin.digest(), digest);
    assert_eq!(
        ask(&plugin, "greet", json!({"name": "Ada"})).await,
        "Hello, Ada!"
    );
}

fn lazily(trust: Trust) -> LoadOptions {
    LoadOptions {
        trust: Some(trust),
        lazy: true,
        ..LoadOptions::default()
    }
}

/// A host with a cache of its own that knows the plugin.
async fn knowing(placed: &Placed) -> (Host, PathBuf) {
    let cache = placed.folder.path().join("cache");
    let host = builder().cache_dir(&cache).build().unwrap();
    load_by(&host, &placed.path, trust()).await.unwrap();
    (host, cache)
}

fn remove_code(cache: &Path) {
    for file in fs::read_dir(cache).unwrap() {
        let path = file.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "cwasm")
        {
            fs::remove_file(path).unwrap();
        }
    }
}

#[tokio::test]
async fn a_lazy_load_knows_everything_and_links_with_the_first_call() {
    let placed = Placed::signed("1.0.0", &[&key(1)]);
    let (host, _) = knowing(&placed).await;
    let full = load_by(&host, &placed.path, trust()).await.unwrap();
    let lazy = host
        .load_with(placed.path.as_path(), lazily(trust()))
        .await
        .unwrap();
    assert!(lazy.from_cache());
    assert_eq!(lazy.tools(), full.tools());
    assert_eq!(lazy.locked(), full.locked());
    // What was read is enough: the file is not looked at again.
    fs::remove_file(&placed.path).unwrap();
    for _ in 0..2 {
        let answer = ask(&lazy, "greet", json!({"name": "Ada"})).await;
        assert_eq!(answer, "Hello, Ada!");
    }
}

#[tokio::test]
async fn a_lazy_load_judges_as_any_other() {
    let placed = Placed::signed("1.0.0", &[&key(2)]);
    let error = host()
        .load_with(placed.path.as_path(), lazily(trust()))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Untrusted);
}

#[tokio::test]
async fn code_that_is_gone_by_the_first_call_is_made_of_the_same_bytes_or_not_at_all() {
    let placed = Placed::signed("1.0.0", &[&key(1)]);
    let (host, cache) = knowing(&placed).await;
    let verified = fs::read(&placed.path).unwrap();
    let load = || host.load_with(placed.path.as_path(), lazily(trust()));
    let lazy = load().await.unwrap();
    remove_code(&cache);
    let other = component(ID, "1.0.1");
    let signature = key(1).sign(&statement(&other, ID, "1.0.1"));
    let mut signatures = Signatures::default();
    signatures.add(signature);
    fs::write(&placed.path, &other).unwrap();
    fs::write(placed.sig(), signatures.to_string()).unwrap();
    let arguments = json!({"name": "Ada"});
    let error = fail(&lazy, "greet", arguments.clone()).await;
    assert!(matches!(error, Error::Changed { .. }), "{error}");
    fs::write(&placed.path, verified).unwrap();
    assert_eq!(ask(&lazy, "greet", arguments).await, "Hello, Ada!");
}

#[tokio::test]
async fn a_plugin_that_moved_before_its_first_call_is_found_where_it_went() {
    let placed = Placed::signed("1.0.0", &[&key(1)]);
    let (host, cache) = knowing(&placed).await;
    let folder = placed.folder.path();
    let plugins = folder.join("plugins");
    fs::create_dir(&plugins).unwrap();
    let place = |from: &Path, name: &str| {
        for ending in ["wasm", "wasm.sig"] {
            let to = plugins.join(name).with_extension(ending);
            fs::rename(from.with_extension(ending), to).unwrap();
        }
    };
    place(&placed.path, "before");
    let trust = TrustFolder::new(folder.join("trust"));
    let keys = format!(
        "[[key]]\npublic-key = \"{}\"\nowner = \"Example\"\nplugins = [\"*\"]\n",
        key(1).public()
    );
    trust.edit_keys(|_| Ok::<_, TrustError>(keys)).unwrap();
    trust
        .update_lock(|lock| *lock = Some(Lock::default()))
        .unwrap();
    let options = RegistryOptions::new(vec![PluginDir::user(&plugins)], trust);
    let registry = host.open_registry(options).await.unwrap();
    place(&plugins.join("before.wasm"), "after");
    let snapshot = registry.refresh().await.unwrap();
    remove_code(&cache);
    let plugin = snapshot.get(&ID.parse().unwrap()).unwrap();
    let answer = ask(plugin, "greet", json!({"name": "Ada"})).await;
    assert_eq!(answer, "Hello, Ada!");
}
