//! `check` and `inspect`.

use crate::support::{Ran, portcullis, run, with_manifest};
use portcullis_test_artifacts as guests;
use serde_json::{Value, json};

const MANIFEST: &str = "[plugin]\nid = \"org.example.hello\"\nversion = \"1.2.0\"\nlicense = \"MIT\"\n\
                        [capabilities]\nrequest = [\"env:LANG\"]\n[limits]\nwall-clock = \"2s\"\n";

#[test]
fn a_loadable_plugin_is_said_to_be_one() {
    let folder = tempfile::tempdir().unwrap();
    let plugin = with_manifest(guests::PLUGIN_HELLO, folder.path(), MANIFEST);
    let report = run(&["check", plugin.to_str().unwrap()]).ok();
    for row in [
        "loadable  yes",
        "plugin    org.example.hello",
        "asks for  env:LANG",
        "tools     greet",
    ] {
        assert!(
            report.lines().any(|line| line == row),
            "{row} is missing in\n{report}"
        );
    }
    assert!(report.contains("portcullis:tool/tools@0.1.0"), "{report}");

    let report = run(&["check", "--output=json", plugin.to_str().unwrap()]).json();
    assert_eq!(report["loadable"], true);
    assert_eq!(report["problem"], Value::Null);
    assert_eq!(report["asksFor"], json!(["env:LANG"]));
    assert_eq!(report["tools"], json!(["greet"]));
    assert!(
        report["exports"]
            .as_array()
            .unwrap()
            .contains(&json!("portcullis:tool/tools@0.1.0")),
        "{report}"
    );
}

#[test]
fn a_plugin_that_is_not_loadable_is_told_why_with_what_it_needs() {
    let ran = run(&["check", guests::CONTRACT_NEWER]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(
        ran.stdout.contains("loadable  no: ") && ran.stdout.contains("0.2.0"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("exports "), "{}", ran.stdout);

    let ran = run(&["check", "--output=json", guests::HOSTILE_LIST_TRAPS]);
    assert_eq!(ran.code, Some(3));
    let report = ran.json();
    assert_eq!(
        (&report["loadable"], &report["tools"]),
        (&json!(false), &Value::Null)
    );
    assert_eq!(report["problem"]["kind"], "probe");
}

#[test]
fn a_file_that_is_no_component_is_an_answer_and_a_missing_one_an_error() {
    let ran = run(&[
        "check",
        "--output=json",
        concat!(env!("CARGO_MANIFEST_DIR"), "/src/main.rs"),
    ]);
    assert_eq!(
        (ran.code, &ran.json()["problem"]["kind"]),
        (Some(3), &json!("not-a-component"))
    );
    let ran = run(&["check", "--output=json", "/nowhere/at-all.wasm"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""));
    assert_eq!(ran.error()["kind"], "io");
}

#[test]
fn inspect_shows_all_that_a_host_knows() {
    let folder = tempfile::tempdir().unwrap();
    let plugin = with_manifest(guests::PLUGIN_HELLO, folder.path(), MANIFEST);
    let shown = run(&["inspect", "--output=json", plugin.to_str().unwrap()]).json();
    assert_eq!(shown["id"], "org.example.hello");
    assert!(shown["digest"].as_str().unwrap().starts_with("sha256:"));
    assert_eq!(shown["manifest"]["plugin"]["version"], "1.2.0");
    assert_eq!(
        shown["sizes"]["component"],
        std::fs::metadata(&plugin).unwrap().len()
    );
    assert_eq!(shown["tools"][0]["name"], "greet");
    assert_eq!(
        shown["tools"][0]["inputSchema"]["properties"]["name"]["type"],
        "string"
    );

    let shown = run(&["inspect", plugin.to_str().unwrap()]).ok();
    for part in [
        "plugin    org.example.hello",
        "digest    sha256:",
        "license = \"MIT\"",
        "tool greet",
        "\"name\": {",
    ] {
        assert!(shown.contains(part), "{part} is missing in\n{shown}");
    }
}

#[test]
fn inspect_shows_which_tool_is_which_function_and_what_is_none() {
    let shown = run(&["inspect", "--output=json", guests::WELL_PLAIN]).json();
    let functions = shown["functions"].as_array().unwrap();
    assert!(functions.contains(&json!({
        "tool": "values_reverse",
        "function": "plain:types/values@1.2.0/reverse",
        "signature": "func(data: list<u8>) -> list<u8>",
    })));
    assert_eq!(
        shown["leftOut"][0]["function"],
        "plain:types/handles@1.2.0/[constructor]counter"
    );

    let shown = run(&["inspect", guests::WELL_PLAIN]).ok();
    for part in [
        "function plain:types/values@1.2.0/reverse\n  tool values_reverse\n  func(data: list<u8>) -> list<u8>",
        "\"contentEncoding\": \"base64\"",
        "function plain:types/handles@1.2.0/total [left out]\n  it takes or gives handles",
    ] {
        assert!(shown.contains(part), "{part} is missing in\n{shown}");
    }
}

#[test]
fn inspect_shows_what_it_can_of_a_plugin_that_is_not_loadable() {
    let ran = run(&["inspect", "--output=json", guests::HOSTILE_LIST_TRAPS]);
    assert_eq!(ran.code, Some(3));
    assert_eq!(ran.json()["tools"], Value::Null);
    assert_eq!(ran.error()["kind"], "probe");
}

#[test]
fn a_plugin_s_words_are_shown_and_not_obeyed() {
    let folder = tempfile::tempdir().unwrap();
    let manifest =
        "[plugin]\nid = \"a\"\nversion = \"1.0.0\"\ndescription = \"\\u001b[31mred\\u202e\"\n";
    let plugin = with_manifest(guests::PLUGIN_HELLO, folder.path(), manifest);
    for format in ["text", "json"] {
        let ran = run(&["inspect", "--output", format, plugin.to_str().unwrap()]);
        assert!(
            !ran.stdout.contains(['\u{1b}', '\u{202e}']),
            "{:?}",
            ran.stdout
        );
    }
}

#[test]
fn colour_is_for_terminals_and_for_who_forces_it() {
    let mut inspect = portcullis();
    inspect.args(["inspect", guests::PLUGIN_HELLO]);
    assert!(!Ran::of(&mut inspect).ok().contains('\u{1b}'));
    assert!(
        Ran::of(inspect.env("CLICOLOR_FORCE", "1"))
            .ok()
            .contains('\u{1b}')
    );
    assert!(
        !Ran::of(inspect.env("NO_COLOR", "1").env_remove("CLICOLOR_FORCE"))
            .ok()
            .contains('\u{1b}')
    );
}

#[test]
fn a_plugin_that_needs_settings_shows_its_tools_and_its_settings() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = "[plugin]\nid = \"hello\"\nversion = \"1.0.0\"\n[config]\nrequired = [\"token\"]\n\
        [config.properties.token]\ntype = \"string\"\nx-secret = true\n[config.properties.units]\n";
    let plugin = with_manifest(guests::WELL_TOOLS, folder.path(), manifest);
    let plugin = plugin.to_str().unwrap();
    for command in ["check", "inspect"] {
        let text = run(&[command, plugin]).ok();
        assert!(text.contains("add-up"), "{text}");
        assert!(text.contains("token (required) (secret)"), "{text}");
    }
    let json = run(&["check", plugin, "--output=json"]).json();
    assert_eq!(json["loadable"], true);
    let call = run(&["call", plugin, "add-up", "--arg=a=1", "--arg=b=2"]);
    assert_eq!(call.code, Some(5), "{}", call.stderr);
}

#[test]
fn a_manifest_is_checked_with_all_its_mistakes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plugin.toml");
    let path_text = path.to_str().unwrap();
    std::fs::write(
        &path,
        "[plugin]\nid = \"Hello\"\nversion = \"1.0.0\"\n[limits]\nwall-clok = \"1s\"\n",
    )
    .unwrap();
    let ran = run(&["check", path_text]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    for part in [
        "plugin.toml:2:6",
        "^^^^^^^",
        "plugin.toml:5:1",
        "did you mean `wall-clock`",
    ] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
    let json = run(&["check", path_text, "--output=json"]).json();
    assert_eq!(json["valid"], false);
    assert_eq!(json["problem"]["mistakes"][1]["line"], 5);
    std::fs::write(&path, "[plugin]\nid = \"hello\"\nversion = \"1.0.0\"\n").unwrap();
    assert!(run(&["check", path_text]).ok().contains("yes"));
    let json = run(&["check", path_text, "--output=json"]).json();
    assert_eq!(json["valid"], true);
    assert_eq!(json["id"], "hello");
}

#[test]
fn a_manifest_that_is_not_there_or_too_large_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plugin.toml");
    let path_text = path.to_str().unwrap();
    let missing = run(&["check", path_text]);
    assert_eq!(missing.code, Some(3));
    assert!(missing.stderr.contains("plugin.toml"), "{}", missing.stderr);
    std::fs::write(&path, "#".repeat(1 << 20)).unwrap();
    let large = run(&["check", path_text]);
    assert_eq!(large.code, Some(3));
    assert!(large.stderr.contains("manifest-bytes"), "{}", large.stderr);
}

#[test]
fn resources_and_prompts_are_listed_and_shown() {
    let report = run(&["check", guests::WELL_RESOURCES]).ok();
    for row in [
        "resources all (notes://all)",
        "          today (notes://today)",
        "          of_day (notes://days/{day})",
        "prompts   greet",
        "          review",
    ] {
        assert!(
            report.lines().any(|line| line == row),
            "{row} is missing in\n{report}"
        );
    }
    let shown = run(&["inspect", guests::WELL_RESOURCES]).ok();
    for part in [
        "resource today – Today",
        "at notes://today text/markdown",
        "day: Which day. [monday, tuesday, wednesday]",
        "code (required): The code.",
        "style [short, long]",
    ] {
        assert!(shown.contains(part), "{part} is missing in\n{shown}");
    }
    let shown = run(&["inspect", "--output=json", guests::WELL_RESOURCES]).json();
    let named = |list: &str, name: &str| {
        let mut all = shown[list].as_array().unwrap().iter();
        all.find(|one| one["name"] == name).unwrap().clone()
    };
    assert_eq!(named("resources", "today")["uri"], "notes://today");
    assert_eq!(
        named("resourceTemplates", "of_day")["variables"][0]["name"],
        "day"
    );
    assert_eq!(named("prompts", "review")["arguments"][0]["required"], true);
}
