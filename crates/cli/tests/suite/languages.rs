//! Projects in other languages, as far as it goes without their tools: scripts stand in for those.

use crate::support::{Ran, portcullis};
use std::fs;

/// A new project, in a folder that goes with the value.
struct Project(tempfile::TempDir);

impl Project {
    fn new(language: &str) -> Self {
        let place = tempfile::tempdir().unwrap();
        let mut new = portcullis();
        new.args(["new", "made", "--lang", language]);
        Ran::of(new.current_dir(place.path())).ok();
        fs::create_dir(place.path().join("bin")).unwrap();
        Self(place)
    }

    fn path(&self, file: &str) -> std::path::PathBuf {
        self.0.path().join("made").join(file)
    }

    /// Builds it where no program is but those of [`Self::program`].
    fn build(&self, options: &[&str]) -> Ran {
        let mut build = portcullis();
        build.args(["build", "--output=json"]).args(options);
        build.env("PATH", self.0.path().join("bin"));
        Ran::of(build.env_remove("WASI_SDK_PATH").current_dir(self.path("")))
    }

    #[cfg(unix)]
    fn program(&self, name: &str, line: &str) {
        use std::os::unix::fs::PermissionsExt;
        let path = self.0.path().join("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{line}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[track_caller]
fn fails(ran: &Ran, words: &[&str]) {
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let error = ran.error();
    assert_eq!(error["kind"], "build");
    for words in words {
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn a_missing_tool_is_named_with_what_installs_it() {
    for (language, tool, home, list) in [
        ("python", "componentize-py", ".venv", "requirements.txt"),
        ("javascript", "jco", "node_modules", "package-lock.json"),
        ("typescript", "jco", "node_modules", "package-lock.json"),
        ("c", "zig", ".venv", "requirements.txt"),
    ] {
        let ran = Project::new(language).build(&[]);
        fails(&ran, &[tool, home, list, "--install-tools"]);
    }
}

#[test]
fn an_installer_that_is_missing_is_named_too() {
    let ran = Project::new("python").build(&["--install-tools"]);
    fails(&ran, &["can't run python3", "install Python 3"]);
    let ran = Project::new("javascript").build(&["--install-tools"]);
    fails(&ran, &["can't run npm", "install Node.js"]);
}

#[test]
fn nothing_is_installed_that_the_project_does_not_pin() {
    let project = Project::new("python");
    fs::remove_file(project.path("requirements.txt")).unwrap();
    let ran = project.build(&["--install-tools"]);
    fails(&ran, &["requirements.txt is not in", "componentize-py"]);
    assert!(!project.path(".venv").exists());
}

#[cfg(unix)]
#[test]
fn what_is_pinned_is_installed_into_the_project() {
    let project = Project::new("javascript");
    project.program("npm", "echo asked for: \"$@\" >&2; exit 1");
    let ran = project.build(&["--install-tools"]);
    fails(&ran, &["npm failed", "asked for: ci --ignore-scripts"]);

    // One that installs nothing of use.
    project.program("npm", "exit 0");
    let ran = project.build(&["--install-tools"]);
    fails(&ran, &["jco is not among what was installed"]);
}

#[cfg(unix)]
#[test]
fn what_a_tool_says_is_told_when_it_fails() {
    let project = Project::new("python");
    project.program(
        "componentize-py",
        "echo on stdout; echo on stderr >&2; exit 3",
    );
    let ran = project.build(&[]);
    fails(&ran, &["componentize-py failed"]);
    assert_eq!(ran.error()["diagnostics"], "on stdout\non stderr");
}

#[cfg(unix)]
#[test]
fn a_project_without_a_world_is_told_to_have_one() {
    let project = Project::new("python");
    project.program("componentize-py", "exit 0");
    fs::remove_dir_all(project.path("wit")).unwrap();
    fails(
        &project.build(&[]),
        &["there is no folder wit", "wit/world.wit"],
    );
}

#[test]
fn a_project_without_a_manifest_is_told_to_have_one() {
    let project = Project::new("c");
    fs::remove_file(project.path("plugin.toml")).unwrap();
    fails(&project.build(&[]), &["there is no plugin.toml", "id = "]);
}

#[test]
fn a_package_json_that_names_no_module_or_another_engine_is_refused() {
    let project = Project::new("javascript");
    for (text, words) in [
        ("{}", "missing field `main`"),
        (
            r#"{"main": "a.js", "portcullis": {"engine": "v8"}}"#,
            "unknown variant `v8`, expected `quickjs` or `starlingmonkey`",
        ),
        ("not JSON", "expected"),
    ] {
        fs::write(project.path("package.json"), text).unwrap();
        fails(&project.build(&[]), &["package.json", words]);
    }
}

#[test]
fn other_templates_are_for_rust() {
    let place = tempfile::tempdir().unwrap();
    let mut new = portcullis();
    new.args([
        "new",
        "made",
        "--lang=python",
        "--template=session",
        "--output=json",
    ]);
    let ran = Ran::of(new.current_dir(place.path()));
    assert_eq!((ran.code, &ran.error()["kind"]), (Some(2), &"new".into()));
    assert!(
        ran.stderr.contains("the template session is for Rust only"),
        "{}",
        ran.stderr
    );
    assert!(!place.path().join("made").exists());
}
