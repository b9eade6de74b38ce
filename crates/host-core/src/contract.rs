//! What of the contract this host serves, and what a component needs of it: told in words before linking would fail.

use semver::Version;
use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::types::{ComponentInstance, ComponentItem};

use crate::Error;
use crate::service::HostInterface;

/// The versions of the contract's packages that this host serves.
const SERVED_VERSIONS: &[Version] = &[Version::new(0, 1, 0)];

/// The interfaces that it offers to guests, with their functions.
const OFFERED: &[(&str, &[&str])] = &[
    ("portcullis:host/log", &["write"]),
    ("portcullis:host/config", &["get", "all"]),
    ("portcullis:host/secrets", &["exists", "reveal"]),
    ("portcullis:host/state", &["get", "set", "delete", "keys"]),
    (
        "portcullis:host/state-sync",
        &["get", "set", "delete", "keys"],
    ),
    ("portcullis:host/retrieval", &["search"]),
    ("portcullis:host/retrieval-sync", &["search"]),
    ("portcullis:host/planner", &["solve"]),
    ("portcullis:host/planner-sync", &["solve"]),
    ("portcullis:host/ask", &["ask"]),
    ("portcullis:host/ask-sync", &["ask"]),
    ("portcullis:chat/llm", &["chat"]),
    ("portcullis:chat/llm-sync", &["chat"]),
    ("portcullis:tool/invoke", &["call"]),
    ("portcullis:tool/invoke-sync", &["call"]),
    ("portcullis:tool/progress", &["report"]),
    ("portcullis:tool/cancellation", &["requested", "wait"]),
    ("portcullis:resource/updates", &["changed"]),
];

pub(crate) const TOOLS: &str = "portcullis:tool/tools";
pub(crate) const SYNC_TOOLS: &str = "portcullis:tool/sync-tools";
pub(crate) const STREAMING_TOOLS: &str = "portcullis:tool/streaming-tools";
pub(crate) const LIFECYCLE: &str = "portcullis:host/lifecycle";

pub(crate) const HOOKS: &str = "portcullis:hook/hooks";
pub(crate) const PROVIDER: &str = "portcullis:chat/provider";
pub(crate) const ROLES: &str = "portcullis:role/roles";

pub(crate) const RESOURCES: &str = "portcullis:resource/resources";
pub(crate) const SYNC_RESOURCES: &str = "portcullis:resource/sync-resources";
pub(crate) const PROMPTS: &str = "portcullis:prompt/prompts";
pub(crate) const SYNC_PROMPTS: &str = "portcullis:prompt/sync-prompts";

/// The interfaces that it calls.
const CALLED: &[&str] = &[
    TOOLS,
    SYNC_TOOLS,
    STREAMING_TOOLS,
    LIFECYCLE,
    HOOKS,
    PROVIDER,
    ROLES,
    RESOURCES,
    SYNC_RESOURCES,
    PROMPTS,
    SYNC_PROMPTS,
];

/// The packages of WASI that it offers, all in 0.2 and 0.3.
const WASI_PACKAGES: &[&str] = &[
    "cli",
    "clocks",
    "filesystem",
    "http",
    "io",
    "random",
    "sockets",
];

/// `namespace:package/interface@version`, taken apart.
struct Name<'a> {
    path: &'a str,
    version: Option<Version>,
}

impl<'a> Name<'a> {
    fn parse(name: &'a str) -> Self {
        match name.rsplit_once('@') {
            Some((path, version)) => Self {
                path,
                version: Version::parse(version).ok(),
            },
            None => Self {
                path: name,
                version: None,
            },
        }
    }

    fn is_contract(&self) -> bool {
        self.path.starts_with("portcullis:")
    }

    /// Whether this host serves a version that can stand for it: 0.1.0 for 0.1.7, but not for 0.2.0.
    fn is_served_version(&self) -> bool {
        let Some(version) = &self.version else {
            return false;
        };
        let compatible = |served: &Version| {
            served.major == version.major && (version.major > 0 || served.minor == version.minor)
        };
        SERVED_VERSIONS.iter().any(compatible)
    }

    fn is_wasi(&self) -> bool {
        let package = self
            .path
            .strip_prefix("wasi:")
            .and_then(|rest| rest.split_once('/'))
            .map(|(package, _)| package);
        let version = self
            .version
            .as_ref()
            .is_some_and(|version| version.major == 0 && matches!(version.minor, 2 | 3));
        version && package.is_some_and(|package| WASI_PACKAGES.contains(&package))
    }
}

/// Which of the interfaces that this host calls a component exports.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Exports {
    pub(crate) tools: bool,
    pub(crate) sync_tools: bool,
    pub(crate) streaming: bool,
    pub(crate) lifecycle: bool,
    pub(crate) hooks: bool,
    pub(crate) providers: bool,
    pub(crate) roles: bool,
    /// It exports none of them, and functions of its own.
    pub(crate) functions: bool,
    pub(crate) resources: bool,
    pub(crate) sync_resources: bool,
    pub(crate) prompts: bool,
    pub(crate) sync_prompts: bool,
}

impl Exports {
    /// Whether there is anything among them that a plugin can be loaded for.
    fn bring_something(&self) -> bool {
        let tools = self.tools || self.sync_tools;
        let agent = self.hooks || self.providers || self.roles;
        let resources = self.resources || self.sync_resources;
        tools || agent || resources || self.prompts || self.sync_prompts
    }
}

/// Checks what `component` imports and exports against what this host serves, the embedder's own interfaces among it.
pub(crate) fn check(
    component: &Component,
    engine: &Engine,
    extensions: &[HostInterface],
) -> Result<Exports, Error> {
    let ty = component.component_type();
    for (name, item) in ty.imports(engine) {
        check_import(name, &item.ty, engine, extensions)?;
    }
    let mut exports = Exports::default();
    let mut foreign = Err(Error::NoTools);
    for (name, item) in ty.exports(engine) {
        match check_export(&Name::parse(name), name) {
            Ok(TOOLS) => exports.tools = true,
            Ok(SYNC_TOOLS) => exports.sync_tools = true,
            Ok(STREAMING_TOOLS) => exports.streaming = true,
            Ok(LIFECYCLE) => exports.lifecycle = true,
            Ok(HOOKS) => exports.hooks = true,
            Ok(PROVIDER) => exports.providers = true,
            Ok(ROLES) => exports.roles = true,
            Ok(RESOURCES) => exports.resources = true,
            Ok(SYNC_RESOURCES) => exports.sync_resources = true,
            Ok(PROMPTS) => exports.prompts = true,
            Ok(SYNC_PROMPTS) => exports.sync_prompts = true,
            Ok(_) => exports.functions |= has_functions(&item.ty, engine),
            // A plugin of several kinds is loaded for those that are served; what else it is matters only if there is none.
            Err(error) => foreign = Err(error),
        }
    }
    if exports.bring_something() {
        exports.functions = false;
        return Ok(exports);
    }
    match foreign {
        Err(Error::NoTools) if exports.functions => Ok(exports),
        foreign => foreign,
    }
}

/// Whether it is a function, or has some.
fn has_functions(item: &ComponentItem, engine: &Engine) -> bool {
    match item {
        ComponentItem::ComponentFunc(_) => true,
        ComponentItem::ComponentInstance(instance) => functions(instance, engine).next().is_some(),
        _ => false,
    }
}

fn check_export<'a>(name: &Name<'a>, full: &str) -> Result<&'a str, Error> {
    if !name.is_contract() || name.path.ends_with("-types") {
        return Ok(name.path);
    }
    if !name.is_served_version() {
        return Err(version_error(full.to_owned(), name));
    }
    if CALLED.contains(&name.path) {
        Ok(name.path)
    } else {
        Err(Error::NotServed {
            interface: full.to_owned(),
        })
    }
}

fn check_import(
    full: &str,
    item: &ComponentItem,
    engine: &Engine,
    extensions: &[HostInterface],
) -> Result<(), Error> {
    let ComponentItem::ComponentInstance(instance) = item else {
        return Err(Error::UnknownImport {
            name: full.to_owned(),
        });
    };
    // An interface that is imported for its types alone asks for nothing.
    if functions(instance, engine).next().is_none() && !has_resources(instance, engine) {
        return Ok(());
    }
    let name = Name::parse(full);
    if let Some(interface) = extensions.iter().find(|own| own.name() == full) {
        let missing = functions(instance, engine).find(|function| !interface.has(function));
        return match missing {
            Some(function) => Err(Error::UnknownImport {
                name: format!("{full} with its function {function}"),
            }),
            None => Ok(()),
        };
    }
    if !name.is_contract() {
        return if name.is_wasi() {
            Ok(())
        } else {
            Err(Error::UnknownImport {
                name: full.to_owned(),
            })
        };
    }
    if !name.is_served_version() {
        return Err(version_error(full.to_owned(), &name));
    }
    let Some((_, offered)) = OFFERED.iter().find(|(path, _)| *path == name.path) else {
        return Err(Error::NotServed {
            interface: full.to_owned(),
        });
    };
    match functions(instance, engine).find(|function| !offered.contains(&function.as_str())) {
        Some(function) => Err(version_error(
            format!("{full} with its function {function}"),
            &name,
        )),
        None => Ok(()),
    }
}

fn functions<'a>(
    instance: &'a ComponentInstance,
    engine: &'a Engine,
) -> impl Iterator<Item = String> + 'a {
    instance
        .exports(engine)
        .filter_map(|(name, item)| match item.ty {
            ComponentItem::ComponentFunc(_) => Some(name.to_owned()),
            _ => None,
        })
}

fn has_resources(instance: &ComponentInstance, engine: &Engine) -> bool {
    instance
        .exports(engine)
        .any(|(_, item)| matches!(item.ty, ComponentItem::Resource(_)))
}

fn version_error(needs: String, name: &Name<'_>) -> Error {
    let package = name.path.split('/').next().unwrap_or(name.path);
    let serves = SERVED_VERSIONS
        .iter()
        .map(|version| format!("{package} {version}"))
        .collect();
    Error::ContractVersion { needs, serves }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_version_is_served_and_the_next_minor_is_not() {
        let served = |name| Name::parse(name).is_served_version();
        assert!(served("portcullis:tool/tools@0.1.0"));
        assert!(served("portcullis:tool/tools@0.1.7"));
        assert!(!served("portcullis:tool/tools@0.2.0"));
        assert!(!served("portcullis:tool/tools@1.1.0"));
        assert!(!served("portcullis:tool/tools@0.0.1"));
        assert!(!served("portcullis:tool/tools"));
    }

    #[test]
    fn wasi_is_known_by_package_and_version() {
        let wasi = |name| Name::parse(name).is_wasi();
        assert!(wasi("wasi:cli/environment@0.2.12"));
        assert!(wasi("wasi:clocks/monotonic-clock@0.3.0"));
        assert!(wasi("wasi:http/outgoing-handler@0.2.3"));
        assert!(!wasi("wasi:nn/graph@0.2.0"));
        assert!(!wasi("wasi:cli/environment@0.4.0"));
        assert!(!wasi("wasi:clis/environment@0.2.0"));
    }

    #[test]
    fn what_is_offered_and_called_is_in_the_contract() {
        let contract = [
            include_str!("../wit/deps/host/host.wit"),
            include_str!("../wit/deps/tool/tool.wit"),
            include_str!("../wit/deps/hook/hook.wit"),
            include_str!("../wit/deps/chat/chat.wit"),
            include_str!("../wit/deps/role/role.wit"),
            include_str!("../wit/deps/resource/resource.wit"),
            include_str!("../wit/deps/prompt/prompt.wit"),
        ]
        .concat();
        let interface = |path: &str| format!("interface {} {{", path.split_once('/').unwrap().1);
        for path in OFFERED.iter().map(|(path, _)| path).chain(CALLED) {
            assert!(contract.contains(&interface(path)), "{path}");
        }
        for function in OFFERED.iter().flat_map(|(_, functions)| functions.iter()) {
            assert!(contract.contains(&format!("  {function}: ")), "{function}");
        }
    }
}
