//! Builds the guests of `tests/guests` and the plugins of `examples/plugins`, embeds their manifests, and writes a
//! constant for each and a `foreach_SUITE!` macro for each suite.

mod nested;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use wasm_encoder::{ComponentSection, CustomSection};

const TARGET: &str = "wasm32-wasip2";

/// What a guest's name starts with, up to the first `_`.
const SUITES: [&str; 4] = ["bench", "contract", "hostile", "well"];

/// What every guest is built of.
const SHARED: [&str; 9] = [
    "Cargo.toml",
    "crates/contract/Cargo.toml",
    "crates/contract/src",
    "crates/guest-sdk/Cargo.toml",
    "crates/guest-sdk/build.rs",
    "crates/guest-sdk/src",
    "crates/macros/Cargo.toml",
    "crates/macros/src",
    "wit",
];

struct Artifact {
    suite: String,
    /// In snake case.
    name: String,
    /// Binary, or the text format.
    component: PathBuf,
    manifest: PathBuf,
}

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("two levels below the root");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    require_target();
    let target_dir = nested::target_dir(&out, "guests");
    watch(root, &SHARED);

    let mut artifacts = guests(root, &target_dir);
    artifacts.extend(plugins(root, &target_dir));
    for artifact in &artifacts {
        place(artifact, &out);
    }
    fs::write(out.join("artifacts.rs"), source(&artifacts)).expect("OUT_DIR can be written");
}

fn require_target() {
    let answer = Command::new(env::var_os("RUSTC").expect("cargo sets it"))
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .expect("rustc runs");
    let libdir = String::from_utf8_lossy(&answer.stdout);
    assert!(
        Path::new(libdir.trim()).is_dir(),
        "the guests need Rust's {TARGET} target: run `rustup target add {TARGET}`, or `cargo xtask test`, which does it"
    );
}

fn watch(root: &Path, paths: &[&str]) {
    // A path that does not exist would mean a new build every time.
    for path in paths
        .iter()
        .map(|path| root.join(path))
        .filter(|path| path.exists())
    {
        println!("cargo::rerun-if-changed={}", path.display());
    }
}

/// How the guests of a group are built: in one cargo invocation, because features that one asks for change the others.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    profile: &'static str,
    features: Vec<String>,
}

/// Builds all groups; what is written in the text format needs no building.
fn guests(root: &Path, target_dir: &Path) -> Vec<Artifact> {
    let workspace = root.join("tests/guests");
    let folder = workspace.join("guests");
    watch(
        &workspace,
        &["Cargo.toml", "Cargo.lock", "guests", "src", "wasi"],
    );
    let mut guests = Vec::new();
    for (group, names) in groups(&workspace) {
        let mut cargo = cargo(&workspace, group.profile, target_dir);
        cargo.arg("--features").arg(group.features.join(","));
        cargo.args(names.iter().flat_map(|name| ["--example", name]));
        run(cargo);
        let built = target_dir.join(TARGET).join(group.profile).join("examples");
        guests.extend(
            names
                .into_iter()
                .map(|name| (built.join(format!("{name}.wasm")), name)),
        );
    }
    let written = names_in(&folder, "wat").into_iter();
    guests.extend(written.map(|name| (folder.join(format!("{name}.wat")), name)));
    guests
        .into_iter()
        .map(|(component, name)| Artifact {
            suite: suite(&name),
            component,
            manifest: folder.join(format!("{name}.toml")),
            name,
        })
        .collect()
}

fn groups(workspace: &Path) -> BTreeMap<Group, Vec<String>> {
    let manifest = read_toml(&workspace.join("Cargo.toml"));
    let guests = manifest["example"]
        .as_array()
        .expect("`example` is an array");
    let mut groups = BTreeMap::<_, Vec<String>>::new();
    for guest in guests {
        let name = guest["name"]
            .as_str()
            .expect("a guest has a name")
            .to_owned();
        let features = guest
            .get("required-features")
            .and_then(toml::Value::as_array);
        let features = features
            .into_iter()
            .flatten()
            .filter_map(toml::Value::as_str);
        let features = features.map(str::to_owned).collect();
        // What is measured is built as authors ship it; the others keep their functions' names, and build faster.
        let profile = if suite(&name) == "bench" {
            "shipped"
        } else {
            "release"
        };
        groups
            .entry(Group { profile, features })
            .or_default()
            .push(name);
    }
    for name in names_in(&workspace.join("guests"), "rs") {
        if !groups.values().flatten().any(|listed| *listed == name) {
            println!(
                "cargo::warning=guests/{name}.rs is no guest yet: give it a line in tests/guests/Cargo.toml"
            );
        }
    }
    groups
}

fn suite(name: &str) -> String {
    let prefix = name.split('_').next().unwrap_or_default();
    assert!(
        SUITES.contains(&prefix),
        "the guest `{name}` is in no suite: its name starts with one of {SUITES:?}"
    );
    prefix.to_owned()
}

/// One cargo invocation for each plugin: together, features that one asks for would change the others.
fn plugins(root: &Path, target_dir: &Path) -> Vec<Artifact> {
    watch(
        root,
        &["examples/plugins/Cargo.toml", "examples/plugins/Cargo.lock"],
    );
    let workspace = root.join("examples/plugins");
    let packages: Vec<_> = subfolders(&workspace)
        .into_iter()
        .filter(|folder| folder.join("Cargo.toml").is_file())
        .collect();
    packages
        .into_iter()
        .map(|folder| plugin(&workspace, &folder, target_dir))
        .collect()
}

fn plugin(workspace: &Path, folder: &Path, target_dir: &Path) -> Artifact {
    println!("cargo::rerun-if-changed={}", folder.display());
    let manifest = read_toml(&folder.join("Cargo.toml"));
    let package = manifest["package"]["name"]
        .as_str()
        .expect("a package has a name");
    let mut cargo = cargo(workspace, "release", target_dir);
    cargo.args(["--package", package]);
    run(cargo);
    let name = package.replace('-', "_");
    Artifact {
        suite: "plugin".to_owned(),
        component: target_dir
            .join(TARGET)
            .join("release")
            .join(format!("{name}.wasm")),
        manifest: folder.join("plugin.toml"),
        name: format!("plugin_{name}"),
    }
}

fn cargo(workspace: &Path, profile: &str, target_dir: &Path) -> Command {
    let mut cargo = nested::cargo(workspace);
    cargo.args(["build", "--quiet", "--profile", profile, "--target", TARGET]);
    cargo.arg("--target-dir").arg(target_dir);
    cargo
}

fn run(mut cargo: Command) {
    let status = cargo.status().expect("cargo runs");
    assert!(status.success(), "{cargo:?} failed; its messages are above");
}

/// Puts the component, with its manifest inside, where the constant points.
fn place(artifact: &Artifact, out: &Path) {
    // Gives binaries as they are.
    let mut component = wat::parse_file(&artifact.component)
        .unwrap_or_else(|error| panic!("{} was not built: {error}", artifact.component.display()));
    if artifact.manifest.is_file() {
        let manifest = fs::read_to_string(&artifact.manifest).expect("the manifest is text");
        embed(&manifest, &mut component);
    }
    fs::write(out.join(format!("{}.wasm", artifact.name)), component)
        .expect("OUT_DIR can be written");
}

/// What `portcullis build` does with host-policy. Here that would be a dependency that builds the engine's own anew: a
/// package of the workspace takes its tests' dependencies along when a build script needs it.
fn embed(manifest: &str, component: &mut Vec<u8>) {
    let section = CustomSection {
        name: "portcullis:manifest".into(),
        data: manifest.as_bytes().into(),
    };
    section.append_to_component(component);
}

fn source(artifacts: &[Artifact]) -> String {
    let mut source = String::new();
    let mut suites = BTreeMap::from_iter(
        SUITES
            .iter()
            .chain(&["plugin"])
            .map(|suite| (*suite, Vec::new())),
    );
    for Artifact { suite, name, .. } in artifacts {
        suites
            .get_mut(suite.as_str())
            .expect("checked when it was built")
            .push(name);
        let constant = name.to_uppercase();
        writeln!(source, "/// The path of `{name}`'s component.").unwrap();
        writeln!(
            source,
            "pub const {constant}: &str = concat!(env!(\"OUT_DIR\"), \"/{name}.wasm\");"
        )
        .unwrap();
    }
    for (suite, names) in suites {
        writeln!(
            source,
            "/// Expands `$mac!(NAME);` for each component of the suite `{suite}`."
        )
        .unwrap();
        writeln!(
            source,
            "#[macro_export]\nmacro_rules! foreach_{suite} {{\n    ($mac:ident) => {{"
        )
        .unwrap();
        for name in names {
            writeln!(source, "        $mac!({name});").unwrap();
        }
        source.push_str("    };\n}\n");
    }
    source
}

fn read_toml(path: &Path) -> toml::Table {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.parse()
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn subfolders(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut folders: Vec<_> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

fn names_in(folder: &Path, extension: &str) -> Vec<String> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension() == Some(extension.as_ref()));
    paths
        .filter_map(|path| path.file_stem()?.to_str().map(str::to_owned))
        .collect()
}
