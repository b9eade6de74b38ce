//! `portcullis plugins`, and installed plugins named by their ids.

use crate::support::{Home, Ran};
use portcullis_test_artifacts as guests;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;

const ID: &str = "org.example.hello";

/// A user who trusts their own key for everything, with plugins enabled, and nothing installed.
fn operator() -> Home {
    let home = Home::new();
    let (_, public) = home.key("me");
    home.run(&format!("trust add {public} --owner Me --plugins *"))
        .ok();
    home.run("plugins enable").ok();
    home
}

fn folder(home: &Home) -> PathBuf {
    let folder = home.path("data/portcullis/plugins");
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Puts a signed plugin into the user's folder, in place of one of that name.
fn install(home: &Home, guest: &str, name: &str, id: &str, version: &str) {
    home.plugin(guest, name, id, version);
    home.run(&format!("sign {name} --key me")).ok();
    // The signature first: a component without it would be refused for a moment.
    for file in [format!("{name}.sig"), name.to_owned()] {
        fs::rename(home.path(&file), folder(home).join(file)).unwrap();
    }
}

fn list(home: &Home) -> Value {
    home.run("plugins list --output=json").json()["plugins"].clone()
}

fn greeting(home: &Home) -> Ran {
    home.run(&format!("call {ID} greet --arg name=Ada"))
}

/// An operator whose plugin was replaced by another guest of the next version, which shows something else.
fn held() -> Home {
    let home = operator();
    install(&home, guests::PLUGIN_HELLO, "hello.wasm", ID, "1.0.0");
    assert_eq!(list(&home)[0]["status"], "active");
    install(&home, guests::WELL_TOOLS, "hello.wasm", ID, "1.1.0");
    assert_eq!(list(&home)[0]["status"], "held");
    home
}

#[test]
fn what_is_installed_is_listed_with_what_stands_against_it() {
    let home = operator();
    assert!(
        home.run("plugins list")
            .ok()
            .contains("no plugins are installed")
    );
    install(&home, guests::PLUGIN_HELLO, "hello.wasm", ID, "1.2.0");
    home.plugin(
        guests::PLUGIN_HELLO,
        "unsigned.wasm",
        "org.example.unsigned",
        "1.0.0",
    );
    fs::rename(
        home.path("unsigned.wasm"),
        folder(&home).join("unsigned.wasm"),
    )
    .unwrap();
    fs::write(folder(&home).join("broken.wasm"), "no component").unwrap();

    let listed = list(&home);
    let of = |id: Value| {
        listed
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["id"] == id)
            .unwrap()
            .clone()
    };
    let hello = of(json!(ID));
    assert_eq!(
        (&hello["status"], &hello["version"], &hello["scope"]),
        (&json!("active"), &json!("1.2.0"), &json!("user"))
    );
    assert_eq!(hello["path"], json!(folder(&home).join("hello.wasm")));
    assert_eq!(hello["signer"].as_str().unwrap().len(), 64);
    let unsigned = of(json!("org.example.unsigned"));
    assert_eq!(unsigned["status"], "failed");
    assert!(
        unsigned["reasons"][0]
            .as_str()
            .unwrap()
            .contains("not signed"),
        "{unsigned}"
    );
    assert_eq!(listed.as_array().unwrap().len(), 3);

    let text = home.run("plugins list").ok();
    assert!(
        text.contains(&format!("{ID} 1.2.0 active\n")) && text.contains("(user), signed by "),
        "{text}"
    );
}

#[test]
fn an_installed_plugin_is_called_inspected_and_judged_by_its_id() {
    let home = operator();
    install(&home, guests::PLUGIN_HELLO, "hello.wasm", ID, "1.2.0");
    assert_eq!(greeting(&home).ok(), "Hello, Ada!\n");
    assert_eq!(
        home.run(&format!("inspect {ID} --output=json")).json()["id"],
        ID
    );
    home.run(&format!("check {ID}")).ok();
    home.run(&format!("policy check {ID}")).ok();

    let denied = home.run(&format!("policy explain {ID} --use env:HOME"));
    assert_eq!(denied.code, Some(4), "{}", denied.stderr);
    for option in ["--allow=state", "--set=a=1", "--fuel=10000"] {
        let ran = home.run(&format!(
            "call {ID} greet --arg name=Ada {option} --output=json"
        ));
        assert_eq!(
            (ran.code, &ran.error()["kind"]),
            (Some(2), &json!("usage")),
            "{option}"
        );
        assert!(ran.stderr.contains("portcullis.toml"), "{}", ran.stderr);
    }
    let ran = home.run("call org.example.other greet --output=json");
    assert_eq!(
        (ran.code, &ran.error()["kind"]),
        (Some(3), &json!("not-installed"))
    );
}

#[test]
fn nothing_runs_before_plugins_are_enabled_and_nothing_that_is_disabled() {
    let home = operator();
    install(&home, guests::PLUGIN_HELLO, "hello.wasm", ID, "1.2.0");
    let config = home.path("config/portcullis/portcullis.toml");
    let kept = "# Mine.\n[plugins] # all\nenabled = true # yes\n";
    fs::write(&config, kept).unwrap();
    greeting(&home).ok();

    home.run(&format!("plugins disable {ID}")).ok();
    let text = fs::read_to_string(&config).unwrap();
    assert_eq!(
        text,
        format!("{kept}\n[plugin.\"{ID}\"]\nenabled = false\n")
    );
    assert_eq!(list(&home)[0]["status"], "disabled");
    assert_eq!(greeting(&home).code, Some(3));
    let said = home
        .run(&format!("plugins enable {ID} --output=json"))
        .json();
    assert_eq!(
        said,
        json!({ "enabled": true, "plugins": [ID], "file": config })
    );
    greeting(&home).ok();

    home.run("plugins disable").ok();
    assert_eq!(
        fs::read_to_string(&config).unwrap().lines().nth(2),
        Some("enabled = false # yes")
    );
    let ran = home.run(&format!("call {ID} greet --output=json"));
    assert_eq!(
        (ran.code, &ran.error()["kind"]),
        (Some(4), &json!("plugins-disabled"))
    );
    assert!(home.run("plugins list").stderr.contains("plugins enable"));
    fs::write(&config, "[plugin]\nenabeld = 1\n").unwrap();
    assert_eq!(
        home.run("plugins enable --output=json").error()["kind"],
        "mistakes"
    );
}

#[test]
fn info_shows_what_is_known_and_approved() {
    let home = operator();
    install(&home, guests::PLUGIN_HELLO, "hello.wasm", ID, "1.2.0");
    let config = home.path("config/portcullis/portcullis.toml");
    fs::write(
        &config,
        format!("[plugins]\nenabled = true\n[plugin.\"{ID}\"]\ngrants = [\"state\"]\n"),
    )
    .unwrap();
    let info = home.run(&format!("plugins info {ID} --output=json")).json();
    assert_eq!(
        (&info["approved"]["version"], &info["granted"]),
        (&json!("1.2.0"), &json!(["state"]))
    );
    assert_eq!(info["tools"][0]["name"], "greet");
    assert!(
        info["identity"].as_str().unwrap().starts_with("signed:"),
        "{info}"
    );
    let text = home.run(&format!("plugins info {ID}")).ok();
    for part in [
        "plugin    org.example.hello",
        "status    active",
        "granted   state",
        "tool greet",
        "approved  1.2.0, sha256:",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
}

#[test]
fn an_update_that_shows_something_else_waits_until_it_is_approved() {
    let home = held();
    let ran = greeting(&home);
    assert!(
        ran.code == Some(3) && ran.stderr.contains("plugins approve"),
        "{}",
        ran.stderr
    );
    let nobody = home.run(&format!("plugins approve {ID}"));
    assert_eq!(nobody.code, Some(2));
    assert!(nobody.stderr.contains("--yes"), "{}", nobody.stderr);
    for part in [
        "held      what it shows",
        "version   1.1.0\n          1.0.0, before",
        "tools: greet gone",
        "- description:",
        "+ ",
    ] {
        assert!(
            nobody.stdout.contains(part),
            "{part} is missing in\n{}",
            nobody.stdout
        );
    }
    assert_eq!(list(&home)[0]["status"], "held");

    let approved = home
        .run(&format!("plugins approve {ID} --yes --output=json"))
        .json();
    assert_eq!(
        (&approved["approved"], &approved["active"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(
        (&approved["was"]["version"], &approved["now"]["version"]),
        (&json!("1.0.0"), &json!("1.1.0"))
    );
    assert_eq!(list(&home)[0]["status"], "active");
    let again = home.run(&format!("plugins approve {ID} --yes")).ok();
    assert!(again.contains("is not held"), "{again}");
    assert_eq!(
        home.run("plugins approve org.example.other --yes").code,
        Some(3)
    );
}

#[test]
fn a_lost_lock_holds_everything_until_each_is_approved() {
    let home = operator();
    install(&home, guests::PLUGIN_HELLO, "hello.wasm", ID, "1.0.0");
    install(
        &home,
        guests::WELL_TOOLS,
        "tools.wasm",
        "org.example.tools",
        "1.0.0",
    );
    greeting(&home).ok();
    fs::remove_file(home.path("config/portcullis/trust/plugins.lock")).unwrap();
    let statuses = |home: &Home| [0, 1].map(|at| list(home)[at]["status"].clone());
    assert_eq!(statuses(&home), ["held", "held"]);
    home.run(&format!("plugins approve {ID} --yes")).ok();
    assert_eq!(statuses(&home), ["active", "held"]);
}

/// The hello plugin, with a description that a terminal would obey and a person would not see.
fn deceptive(home: &Home) -> PathBuf {
    let plain = b"Greets a person by name.";
    let hostile = "Greets it\u{1b}[31m\u{202e}\u{200b}\u{e0041}";
    let mut bytes = fs::read(guests::PLUGIN_HELLO).unwrap();
    let at = bytes
        .windows(plain.len())
        .position(|window| window == plain);
    bytes[at.unwrap()..][..plain.len()].copy_from_slice(hostile.as_bytes());
    let path = home.path("deceptive.wasm");
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn what_a_plugin_says_of_itself_does_not_reach_the_terminal_as_it_is() {
    let home = operator();
    install(&home, guests::PLUGIN_HELLO, "hello.wasm", ID, "1.0.0");
    greeting(&home).ok();
    let deceptive = deceptive(&home);
    install(
        &home,
        deceptive.to_str().unwrap(),
        "hello.wasm",
        ID,
        "1.1.0",
    );
    for line in [
        format!("plugins approve {ID}"),
        format!("plugins approve {ID} --yes"),
        format!("plugins info {ID}"),
        "plugins list".to_owned(),
    ] {
        for format in ["text", "json"] {
            let ran = home.run(&format!("{line} --output={format}"));
            let said = ran.stdout + &ran.stderr;
            let obeyed =
                |c: char| (c.is_control() && c != '\n') || "\u{202e}\u{200b}\u{e0041}".contains(c);
            assert!(!said.contains(obeyed), "{line}: {said:?}");
        }
    }
    assert!(
        home.run(&format!("plugins info {ID}"))
            .stdout
            .contains("\\u{1b}")
    );
}

#[test]
fn a_plugin_is_removed_with_what_was_approved_of_it() {
    let home = operator();
    install(&home, guests::PLUGIN_HELLO, "hello.wasm", ID, "1.0.0");
    greeting(&home).ok();
    assert_eq!(home.run(&format!("plugins remove {ID}")).code, Some(2));
    let removed = home
        .run(&format!("plugins remove {ID} --yes --output=json"))
        .json();
    assert_eq!(removed["files"].as_array().unwrap().len(), 2);
    assert_eq!(fs::read_dir(folder(&home)).unwrap().count(), 0);
    let lock = fs::read_to_string(home.path("config/portcullis/trust/plugins.lock")).unwrap();
    assert!(!lock.contains(ID), "{lock}");

    let system = home.path("system/portcullis/plugins");
    fs::create_dir_all(system.parent().unwrap()).unwrap();
    install(&home, guests::PLUGIN_HELLO, "hello.wasm", ID, "1.0.0");
    fs::rename(folder(&home), &system).unwrap();
    let ran = home.run(&format!("plugins remove {ID} --yes --output=json"));
    assert_eq!(
        (ran.code, &ran.error()["kind"]),
        (Some(1), &json!("not-yours"))
    );
    assert!(system.join("hello.wasm").exists());
}

#[test]
fn a_secret_is_bound_to_an_installed_plugin_by_its_id() {
    let home = operator();
    install(&home, guests::PLUGIN_HELLO, "hello.wasm", ID, "1.0.0");
    let bind = format!(
        "secret bind KEY --plugin {ID} --to https://example.com/* --as bearer --output=json"
    );
    let unknown = home.run(&bind);
    assert_eq!(
        unknown.code,
        Some(2),
        "nothing was approved yet: {}",
        unknown.stderr
    );
    let identity = home.run(&format!("plugins info {ID} --output=json")).json()["identity"].clone();
    assert_eq!(home.run(&bind).json()["bound"]["identity"], identity);
}

#[test]
fn a_plugin_is_approved_or_held_whenever_the_approval_is_killed() {
    let home = held();
    // From before it read anything to after it was done; how far each comes does not matter.
    for millis in (0..400).step_by(40) {
        let mut command = home.portcullis();
        command.args(["plugins", "approve", ID, "--yes", "--output=json"]);
        let mut child = command
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(millis));
        // SIGKILL; it may have ended already.
        let _ = child.kill();
        child.wait().unwrap();
        let status = list(&home)[0]["status"].clone();
        assert!(status == "held" || status == "active", "{status}");
    }
    home.run(&format!("plugins approve {ID} --yes")).ok();
    assert_eq!(list(&home)[0]["status"], "active");
}
