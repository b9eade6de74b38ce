//! Whatever lies in the cache, a plugin loads and shows the same tools: code comes from there only where not a byte was
//! changed.
#![no_main]

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use portcullis_host_core::{Grant, Host, Plugin, ToolDefinition};
use tokio::runtime::{Builder, Runtime};

/// Which of the cache's files is changed, from what place on, to what, and whether it ends there.
type Change<'a> = (u8, u32, &'a [u8], bool);

struct Fixture {
    runtime: Runtime,
    host: Host,
    component: Vec<u8>,
    tools: Vec<ToolDefinition>,
    /// The cache's files as the host wrote them.
    written: Vec<(PathBuf, Vec<u8>)>,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder").keep();
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugins/hello.wasm");
        let component = std::fs::read(example).expect("`cargo xtask build-examples` was run");
        let host = Host::builder().cache_dir(&folder).no_audit();
        let mut fixture = Self {
            runtime: Builder::new_current_thread()
                .enable_time()
                .build()
                .expect("a runtime"),
            host: host.max_in_flight(1).build().expect("a host"),
            component,
            tools: Vec::new(),
            written: Vec::new(),
        };
        fixture.tools = fixture.load().tools().to_vec();
        let entries = std::fs::read_dir(&folder).expect("the cache's folder");
        let entries = entries.map(|entry| entry.expect("an entry").path());
        // Without its own key the cache would be another one.
        let entries = entries.filter(|path| path.extension().is_some_and(|kind| kind != "key"));
        fixture.written = entries
            .map(|path| (path.clone(), std::fs::read(path).expect("an entry")))
            .collect();
        assert!(!fixture.written.is_empty());
        fixture
    }

    fn load(&self) -> Plugin {
        let loading = self.host.load(self.component.as_slice(), Grant::none());
        let loaded = self.runtime.block_on(loading);
        loaded.expect("the cache is never an error")
    }
}

fuzz_target!(|change: Change<'_>| {
    static FIXTURE: OnceLock<Fixture> = OnceLock::new();
    let fixture = FIXTURE.get_or_init(Fixture::new);
    let (file, at, with, ends) = change;
    for (path, bytes) in &fixture.written {
        std::fs::write(path, bytes).expect("an entry is written");
    }
    let (path, bytes) = &fixture.written[usize::from(file) % fixture.written.len()];
    let mut changed = bytes.clone();
    let at = at as usize % (bytes.len() + 1);
    let end = (at + with.len()).min(bytes.len());
    changed.splice(at..end, with.iter().copied());
    if ends {
        changed.truncate(at + with.len());
    }
    std::fs::write(path, &changed).expect("an entry is written");
    let plugin = fixture.load();
    assert_eq!(plugin.tools(), fixture.tools);
    assert!(!plugin.from_cache() || changed == *bytes);
});
