//! The operator's configuration: found, checked, shown, heeded.

use crate::support::{Ran, portcullis};
use portcullis_test_artifacts as guests;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder with a configuration in it.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new(text: &str) -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        place.write("portcullis.toml", text);
        place
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A command under this configuration.
    fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
        let mut command = portcullis();
        command.env("PORTCULLIS_CONFIG", self.path("portcullis.toml"));
        command.envs(variables.iter().copied()).args(arguments);
        Ran::of(&mut command)
    }
}

/// The value of one key and where it comes from.
#[track_caller]
fn value(ran: &Ran, key: &str) -> Value {
    let json = ran.json();
    let values = json["values"].as_array().unwrap();
    let found = values.iter().find(|value| value["key"] == key);
    found
        .unwrap_or_else(|| panic!("no {key}: {json:#}"))
        .clone()
}

/// Something from everywhere.
fn of_all_origins(format: &[&str]) -> (Place, Ran) {
    let place = Place::new(
        "[plugins]\nsignatures = \"warn\"\noffline = false\n\n[plugins.limits]\nwall-clock = \"9s\"\n\n\
         [plugin.\"org.example.weather\"]\ngrants = [\"state\"]\nconfig.token = { secret = \"TOKEN\" }\n",
    );
    let show = ["config", "show", "--effective", "--plugin-dir=/srv/plugins"];
    let variables = [("PORTCULLIS_OFFLINE", "true")];
    let ran = place.run(&[&show[..], format].concat(), &variables);
    (place, ran)
}

#[test]
fn every_value_that_holds_says_where_it_comes_from() {
    let (_place, ran) = of_all_origins(&["--output=json"]);
    let default = |value: Value| json!({ "value": value, "from": "default" });
    let file = |value: Value, line: usize| json!({ "value": value, "from": "file", "line": line });
    let weather = "plugin.\"org.example.weather\"";
    for (key, mut expected) in [
        ("plugins.enabled".to_owned(), default(json!(false))),
        (
            "plugins.dirs".to_owned(),
            json!({ "value": ["/srv/plugins"], "from": "flag" }),
        ),
        ("plugins.signatures".to_owned(), file(json!("warn"), 2)),
        (
            "plugins.offline".to_owned(),
            json!({ "value": true, "from": "variable", "variable": "PORTCULLIS_OFFLINE" }),
        ),
        ("plugins.limits.wall-clock".to_owned(), file(json!("9s"), 6)),
        ("plugins.limits.handles".to_owned(), default(json!(1000))),
        (format!("{weather}.enabled"), default(json!(true))),
        (format!("{weather}.grants"), file(json!(["state"]), 9)),
        (
            format!("{weather}.config.token.secret"),
            file(json!("TOKEN"), 10),
        ),
    ] {
        expected["key"] = key.as_str().into();
        assert_eq!(value(&ran, &key), expected);
    }
}

#[test]
fn people_are_told_in_lines_where_each_value_comes_from() {
    let (place, ran) = of_all_origins(&[]);
    let text = ran.ok();
    let path = place.path("portcullis.toml");
    for line in [
        "plugins.enabled = false  # default",
        "plugins.offline = true  # PORTCULLIS_OFFLINE",
        "plugins.dirs = [\"/srv/plugins\"]  # command line",
        &format!("plugins.signatures = \"warn\"  # {}:2", path.display()),
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line}\n{text}");
    }
}

#[test]
fn the_file_is_shown_as_it_was_read() {
    let place = Place::new("[plugins]\nenabled = true # for now\n");
    let path = place.path("portcullis.toml");
    let shown = place.run(&["config", "show"], &[]).ok();
    let expected = format!("# {}\n[plugins]\nenabled = true\n", path.display());
    assert_eq!(shown, expected);
    let json = place.run(&["config", "show", "--output=json"], &[]).json();
    let expected = json!({ "path": path, "config": { "plugins": { "enabled": true } } });
    assert_eq!(json, expected);
}

#[test]
fn mistakes_are_shown_all_at_once_with_their_places() {
    let place = Place::new("[plugins]\nenable = true\nsignatures = \"requird\"\n");
    for command in [&["config", "check"][..], &["check", guests::WELL_GREET]] {
        let ran = place.run(command, &[]);
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        assert!(ran.stderr.contains("write `enabled`"), "{}", ran.stderr);
        assert!(ran.stderr.contains("write `required`"), "{}", ran.stderr);
        assert!(ran.stderr.contains("portcullis.toml:2:1"), "{}", ran.stderr);
    }
    let error = place
        .run(&["config", "check", "--output=json"], &[])
        .error();
    assert_eq!(error["kind"], "mistakes");
    assert_eq!(error["mistakes"][0]["line"], 2);
    assert_eq!(error["mistakes"][1]["suggestion"], "required");
}

#[test]
fn a_configuration_without_mistakes_passes() {
    let place = Place::new("");
    let said = place.run(&["config", "check"], &[]).ok();
    assert!(said.contains("nothing is wrong"), "{said}");
}

#[test]
fn a_variable_that_can_not_be_used_is_an_error() {
    let place = Place::new("");
    let ran = place.run(&["config", "check"], &[("PORTCULLIS_OFFLINE", "1")]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("PORTCULLIS_OFFLINE"), "{}", ran.stderr);
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let ran = Ran::of(portcullis().args(["config", "show", "--config=/nowhere/portcullis.toml"]));
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr.contains("/nowhere/portcullis.toml"),
        "{}",
        ran.stderr
    );
}

/// Which file is read where none is named: the user's, else the system's; they are not merged.
#[test]
fn the_users_file_wins_over_the_systems() {
    let place = Place::new("");
    let show = || {
        let mut command = portcullis();
        command
            .env("XDG_CONFIG_HOME", place.path("user"))
            .env("XDG_CONFIG_DIRS", place.path("system"))
            .args(["config", "show", "--output=json"]);
        Ran::of(&mut command).json()["path"].clone()
    };
    assert_eq!(show(), Value::Null);
    let system = place.write("system/portcullis/portcullis.toml", "");
    assert_eq!(show(), json!(system));
    let user = place.write("user/portcullis/portcullis.toml", "");
    assert_eq!(show(), json!(user));
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_write_to_is_refused() {
    let place = Place::new("");
    let path = place.path("portcullis.toml");
    for (mode, code) in [(0o644, 0), (0o664, 1), (0o646, 1), (0o600, 0)] {
        set_mode(&path, mode);
        let ran = place.run(&["config", "check"], &[]);
        assert_eq!(ran.code, Some(code), "{mode:o} {}", ran.stderr);
        assert_eq!(
            ran.stderr.contains("chmod go-w"),
            code == 1,
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn the_configured_limits_hold_for_a_call() {
    let place = Place::new("[plugins.limits]\nargument-bytes = 10\n");
    let call = ["call", guests::WELL_GREET, "greet", "--arg=name=somebody"];
    let ran = place.run(&call, &[]);
    assert_eq!(ran.code, Some(5), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("larger than 10 bytes"),
        "{}",
        ran.stderr
    );
}

#[test]
fn nothing_goes_beyond_the_configured_ceiling_or_onto_a_closed_network() {
    let ask = [
        "policy",
        "explain",
        guests::WELL_TOOLS,
        "--request=https://api.a.example/",
        "--allow=http:https://api.a.example",
    ];
    for (text, code) in [
        ("", 0),
        (
            "[plugins.ceiling]\nallow = [\"http:https://*.a.example\"]\n",
            0,
        ),
        ("[plugins.ceiling]\nallow = [\"state\"]\n", 4),
        ("[plugins]\noffline = true\n", 4),
    ] {
        let ran = Place::new(text).run(&ask, &[]);
        assert_eq!(ran.code, Some(code), "{text}: {}{}", ran.stdout, ran.stderr);
    }
}
