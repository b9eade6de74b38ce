//! A place with folders, keys and plugins of any version.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use futures::FutureExt;
use portcullis_host_core::{
    CallOptions, Change, Changes, Digest, Error, Host, HostBuilder, PluginDir, PluginId, Registry,
    RegistryOptions, Snapshot, Status, ToolOutput, TrustFolder,
};
use portcullis_host_policy::manifest::section;
use portcullis_host_policy::trust::{Lock, SecretKey, Signatures, Statement};
use serde_json::json;
use tempfile::TempDir;
use tokio::task::unconstrained;

pub(crate) const ID: &str = "org.example.one";

pub(crate) fn builder() -> HostBuilder {
    let cache = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("compiled");
    Host::builder()
        .cache_dir(cache)
        .no_audit()
        .max_in_flight(16)
}

pub(crate) fn host() -> Host {
    builder().build().unwrap()
}

pub(crate) fn id(id: &str) -> PluginId {
    id.parse().unwrap()
}

pub(crate) fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed([seed; 32])
}

/// A component that says which plugin and version it is.
#[derive(Clone)]
pub(crate) struct Made {
    pub(crate) id: String,
    pub(crate) version: String,
    pub(crate) bytes: Vec<u8>,
}

/// How one made component differs from others.
#[derive(Clone, Copy)]
pub(crate) struct Recipe<'a> {
    /// Four characters that `marker` answers with, twice.
    pub(crate) mark: &'a str,
    /// Sixteen characters.
    pub(crate) description: &'a str,
    /// What it does when it is asked for its tools.
    pub(crate) list: &'a str,
    /// More of its manifest.
    pub(crate) manifest: &'a str,
}

impl Default for Recipe<'_> {
    fn default() -> Self {
        Self {
            mark: "0001",
            description: "Says what it is.",
            list: "",
            manifest: "",
        }
    }
}

impl Recipe<'_> {
    pub(crate) fn make(self, id: &str, version: &str) -> Made {
        let text = include_str!("versions.wat")
            .replace(";;LIST", self.list)
            .replace("\"DESCRIPTION\"", &format!("\"{}\"", self.description))
            .replace("\"MARK\"", &format!("\"{}\"", self.mark));
        let manifest = format!(
            "[plugin]\nid = \"{id}\"\nversion = \"{version}\"\n{}",
            self.manifest
        );
        let bytes = section::embed(&wat::parse_str(text).unwrap(), &manifest).unwrap();
        Made {
            id: id.to_owned(),
            version: version.to_owned(),
            bytes,
        }
    }
}

/// A version of the plugin `ID`, which is also its mark: 7 is 7.0.0 and `0007`.
pub(crate) fn version(number: u32) -> Made {
    plugin(ID, number)
}

pub(crate) fn plugin(id: &str, number: u32) -> Made {
    let mark = format!("{number:04}");
    let recipe = Recipe {
        mark: &mark,
        ..Recipe::default()
    };
    recipe.make(id, &format!("{number}.0.0"))
}

impl Made {
    pub(crate) fn signatures(&self, keys: &[&SecretKey]) -> String {
        let statement = Statement {
            id: self.id.parse().unwrap(),
            version: self.version.parse().unwrap(),
            digest: Digest::of(&self.bytes),
        };
        let mut signatures = Signatures::default();
        for key in keys {
            signatures.add(key.sign(&statement));
        }
        signatures.to_string()
    }

    /// Puts it at a path, with its signatures, each file whole at once.
    pub(crate) fn put(&self, path: &Path, keys: &[&SecretKey]) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let replace = |path: PathBuf, bytes: &[u8]| {
            let folder = path.parent().unwrap();
            let file = tempfile::Builder::new().prefix(".new").tempfile_in(folder);
            let file = file.unwrap();
            fs::write(file.path(), bytes).unwrap();
            file.persist(path).unwrap();
        };
        let signatures = self.signatures(keys);
        replace(path.with_added_extension("sig"), signatures.as_bytes());
        replace(path.to_owned(), &self.bytes);
    }
}

/// Folders of plugins and of trust. Key 1 is trusted for everything, and the lock is there.
pub(crate) struct Site {
    root: TempDir,
}

static TRUSTED: LazyLock<String> = LazyLock::new(|| trusted(&key(1), "*"));

/// An entry of trusted_keys.toml.
pub(crate) fn trusted(key: &SecretKey, plugins: &str) -> String {
    format!(
        "[[key]]\npublic-key = \"{}\"\nplugins = [\"{plugins}\"]\n",
        key.public()
    )
}

impl Site {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("user")).unwrap();
        let site = Self { root };
        site.trust(&TRUSTED);
        site.folder()
            .update_lock(|lock| *lock = Some(Lock::default()))
            .unwrap();
        site
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    /// A path in the user's folder.
    pub(crate) fn user(&self, name: &str) -> PathBuf {
        self.path("user").join(name)
    }

    pub(crate) fn folder(&self) -> TrustFolder {
        TrustFolder::new(self.path("trust"))
    }

    /// Replaces the trusted keys.
    pub(crate) fn trust(&self, text: &str) {
        let folder = self.folder();
        folder
            .edit_keys(|_| Ok::<_, portcullis_host_core::TrustError>(text.to_owned()))
            .unwrap();
    }

    pub(crate) fn lock(&self) -> Lock {
        self.folder().lock().unwrap().unwrap()
    }

    pub(crate) fn lose_lock(&self) {
        fs::remove_file(self.path("trust/plugins.lock")).unwrap();
    }

    /// Puts a plugin, signed by key 1, into the user's folder.
    pub(crate) fn install(&self, name: &str, made: &Made) {
        made.put(&self.user(name), &[&key(1)]);
    }

    pub(crate) fn options(&self) -> RegistryOptions {
        let dirs = vec![
            PluginDir::user(self.path("user")),
            PluginDir::system(self.path("system")),
        ];
        RegistryOptions::new(dirs, self.folder())
    }

    pub(crate) async fn open(&self) -> Registry {
        self.open_in(&host()).await
    }

    pub(crate) async fn open_in(&self, host: &Host) -> Registry {
        host.open_registry(self.options()).await.unwrap()
    }
}

pub(crate) async fn call(registry: &Registry, tool: &str) -> Result<ToolOutput, Error> {
    let options = CallOptions::default();
    registry.call(&id(ID), tool, json!({}), options).await
}

/// What the plugin `ID` answers with: its mark, twice.
pub(crate) async fn mark(registry: &Registry) -> String {
    call(registry, "marker").await.unwrap().text()
}

/// The active version of a plugin.
pub(crate) fn active(snapshot: &Snapshot, plugin: &str) -> Option<String> {
    let plugin = snapshot.get(&id(plugin))?;
    Some(plugin.version().unwrap().to_string())
}

/// Everything that was found, in words: what it is, and how it stands.
pub(crate) fn found(snapshot: &Snapshot) -> Vec<String> {
    let entry = |entry: &portcullis_host_core::Entry| {
        let id = entry
            .id
            .as_ref()
            .map_or("?".to_owned(), PluginId::to_string);
        let update = entry
            .update
            .as_ref()
            .map_or(String::new(), |update| format!(", update {}", word(update)));
        format!("{id} {}{update}", word(&entry.status))
    };
    snapshot.entries().iter().map(entry).collect()
}

fn word(status: &Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Disabled => "disabled",
        Status::Held(_) => "held",
        Status::Failed(_) => "failed",
        _ => "unknown",
    }
}

/// Why the first thing of this id that does not stand well does not.
pub(crate) fn why(snapshot: &Snapshot, plugin: &str) -> String {
    let about = |entry: &&portcullis_host_core::Entry| entry.id == Some(id(plugin));
    let mut entries = snapshot.entries().iter().filter(about);
    let reason = |status: &Status| match status {
        Status::Failed(error) => Some(error.to_string()),
        Status::Held(holds) => Some(format!("{holds:?}")),
        _ => None,
    };
    let either = |entry: &portcullis_host_core::Entry| {
        entry
            .update
            .as_ref()
            .and_then(reason)
            .or(reason(&entry.status))
    };
    entries.find_map(either).unwrap_or_default()
}

/// The changes that have been told and not read, in words.
pub(crate) async fn told(changes: &mut Changes) -> Vec<String> {
    let mut told = Vec::new();
    while let Some(Some(change)) = FutureExt::now_or_never(unconstrained(changes.next())) {
        told.push(words(&change));
    }
    told
}

pub(crate) fn words(change: &Change) -> String {
    let version =
        |version: &Option<semver::Version>| version.as_ref().map_or(0, |version| version.major);
    match change {
        Change::Added { version: is, .. } => format!("added {}", version(is)),
        Change::Updated { from, to, .. } => format!("updated {} {}", version(from), version(to)),
        Change::Removed { .. } => "removed".to_owned(),
        Change::Held { .. } => "held".to_owned(),
        Change::Failed { .. } => "failed".to_owned(),
        Change::Missed { count } => format!("missed {count}"),
        _ => "unknown".to_owned(),
    }
}

/// Waits for a change that is told in these words.
pub(crate) async fn wait_for(changes: &mut Changes, wanted: &str) {
    let mut seen = Vec::new();
    let waiting = async {
        loop {
            let change = words(&changes.next().await.unwrap());
            if change == wanted {
                return;
            }
            seen.push(change);
        }
    };
    let waited = tokio::time::timeout(std::time::Duration::from_secs(60), waiting).await;
    assert!(waited.is_ok(), "no {wanted:?}, but {seen:?}");
}
