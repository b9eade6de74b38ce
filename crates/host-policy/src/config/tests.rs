//! Configurations that are right, every way to be wrong, and which word counts.

use std::ffi::OsString;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::decision::CapabilitySet;
use crate::document::DocumentError;
use crate::manifest::Manifest;

const FULL: &str = r#"
[plugins]
enabled = true
dirs = ["/srv/plugins", "/opt/plugins"]
hot-reload = false
signatures = "warn"
offline = true

[plugins.limits]
wall-clock = "10s"

[plugins.ceiling]
allow = ["http:https://*.example.org", "state"]

[plugin.hello]
enabled = false

[plugin."org.example.weather"]
enabled = true
grants = ["http:https://{host}/v1/*", "secret:WEATHER_KEY"]
deny = ["http:https://{host}/v1/admin/*"]
askable = ["http:https://{host}/v2/*"]
bind = { host = "api.example.org" }
secrets = [{ secret = "WEATHER_KEY", to = "https://api.example.org/v1/*", as = "bearer" }]
instances = "reuse"
updates = "hold"

[plugin."org.example.weather".config]
units = "metric"
place = { secret = "x", latitude = 52.5 }
token = { secret = "WEATHER_TOKEN" }

[plugin."org.example.weather".limits]
memory-bytes = "64MiB"
"#;

/// Line, column and message of everything that is wrong with `text`.
fn wrong(text: &str) -> Vec<String> {
    let errors = Config::parse(text).expect_err("something is wrong with it");
    let errors = errors.errors().iter();
    errors.map(DocumentError::to_string).collect()
}

#[track_caller]
fn assert_wrong(text: &str, starts: &[&str]) {
    let wrong = wrong(text);
    assert_eq!(wrong.len(), starts.len(), "{wrong:#?}");
    for (wrong, start) in wrong.iter().zip(starts) {
        assert!(wrong.starts_with(start), "{wrong}");
    }
}

fn weather(config: &Config) -> &PluginSettings {
    &config.plugin[&"org.example.weather".parse().unwrap()]
}

#[test]
fn every_key_is_read() {
    let config = Config::parse(FULL).unwrap();
    assert_eq!(
        serde_json::to_value(&config).unwrap(),
        json!({
            "plugins": {
                "enabled": true,
                "dirs": ["/srv/plugins", "/opt/plugins"],
                "hot-reload": false,
                "signatures": "warn",
                "offline": true,
                "limits": { "wall-clock": "10s" },
                "ceiling": { "allow": ["http:https://*.example.org", "state"] },
            },
            "plugin": {
                "hello": { "enabled": false, "grants": [] },
                "org.example.weather": {
                    "enabled": true,
                    "grants": ["http:https://{host}/v1/*", "secret:WEATHER_KEY"],
                    "deny": ["http:https://{host}/v1/admin/*"],
                    "askable": ["http:https://{host}/v2/*"],
                    "bind": { "host": "api.example.org" },
                    "secrets": [{
                        "secret": "WEATHER_KEY",
                        "to": "https://api.example.org/v1/*",
                        "as": "bearer",
                    }],
                    "instances": "reuse",
                    "updates": "hold",
                    "config": {
                        "units": "metric",
                        "place": { "secret": "x", "latitude": 52.5 },
                        "token": { "secret": "WEATHER_TOKEN" },
                    },
                    "limits": { "memory-bytes": 64 << 20 },
                },
            },
        })
    );
    let settings = weather(&config);
    let token = Setting::Secret("WEATHER_TOKEN".parse().unwrap());
    assert_eq!(settings.config["token"], token);
    assert!(matches!(settings.config["place"], Setting::Plain(_)));
}

#[test]
fn what_was_read_is_read_again_from_what_is_written() {
    let config = Config::parse(FULL).unwrap();
    let written = toml::to_string(&config).unwrap();
    assert_eq!(Config::parse(&written).unwrap(), config);
}

#[test]
fn the_documentation_is_a_configuration() {
    let docs = include_str!("mod.rs").split("```").nth(1).unwrap();
    let lines = docs.lines().skip(1);
    let text: String = lines
        .map(|line| line.trim_start_matches("//!").to_owned() + "\n")
        .collect();
    assert_eq!(Config::parse(&text).unwrap().plugin.len(), 1);
}

#[test]
fn the_page_names_every_key_and_its_sample_is_read() {
    let page = include_str!("../../../../docs/configuration.md");
    let sample = page
        .split("```toml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    assert_eq!(Config::parse(sample.unwrap()).unwrap().plugin.len(), 1);
    let keys = reader::PLUGINS_KEYS.iter().chain(reader::PLUGIN_KEYS);
    let variables = Key::ALL.map(Key::variable);
    for word in keys.chain(&variables) {
        let row = page
            .lines()
            .any(|line| line.starts_with('|') && line.contains(&format!("`{word}`")));
        assert!(row, "{word}");
    }
}

#[test]
fn nothing_said_runs_nothing_and_grants_nothing() {
    let effective = Config::parse("")
        .unwrap()
        .resolve(Said::default(), Said::default());
    assert!(!effective.enabled.value && !effective.offline.value);
    assert_eq!(effective.signatures.value, TrustMode::Required);
    assert!(effective.plugins().is_empty() && effective.ceiling() == CapabilitySet::All);
    let config = Config::parse("[plugin.hello]").unwrap();
    let hello = &config.plugin[&"hello".parse().unwrap()];
    assert_eq!(*hello, PluginSettings::default());
    assert!(hello.enabled && hello.grant == Grant::none());
}

#[test]
fn an_empty_ceiling_is_not_none() {
    let config = Config::parse("[plugins.ceiling]\nallow = []").unwrap();
    assert_eq!(config.plugins.ceiling, Some(Vec::new()));
    let forgotten = "[plugins.ceiling]\n";
    assert_wrong(forgotten, &["line 1, column 1: `allow` is missing"]);
}

#[test]
fn everything_wrong_is_reported_at_once_in_the_order_of_the_lines() {
    let text = r#"[plugins]
enable = true
dirs = ["plugins", 3]
hot-reload = "yes"
signatures = "requird"
[plugins.limits]
wall-clok = "1s"
[plugins.ceiling]
alow = []
allow = ["fs:ro:{folder}"]
[plugin.Hello]
[plugin.hello]
grant = []
grants = ["http:https://{host}", "lgo"]
bind = { Host = "x" }
config = 3
secrets = [{ secret = "KEY", to = "http://a.example", as = "beaer", if = 1 }, {}]
instances = "resue"
updates = "never"
[plugin.hello.limits]
memory-bytes = -1
[extra]
"#;
    assert_wrong(
        text,
        &[
            "line 2, column 1: `enable` is not known here; write `enabled`",
            "line 3, column 9: a folder is named from the root",
            "line 3, column 20: `dirs` is a string, not integer",
            "line 4, column 14: `hot-reload` is true or false, not string",
            "line 5, column 14: \"requird\" says nothing about signatures",
            "line 7, column 1: there is no limit `wall-clok`; did you mean `wall-clock`?",
            "line 9, column 1: `alow` is not known here; write `allow`",
            "line 10, column 10: the ceiling holds for all plugins",
            "line 11, column 9: \"Hello\" is no plugin id",
            "line 13, column 1: `grant` is not known here; write `grants`",
            "line 14, column 11: the slot `{host}` is not filled: `bind` says what it is",
            "line 14, column 35: `lgo` is not a capability",
            "line 15, column 10: a slot is",
            "line 16, column 10: `config` is a table, not integer",
            "line 17, column 35: a secret can't be bound to",
            "line 17, column 60: \"beaer\" is no place for a secret",
            "line 17, column 69: `if` is not known here",
            "line 17, column 79: `secret` is missing",
            "line 17, column 79: `to` is missing",
            "line 17, column 79: `as` is missing",
            "line 18, column 13: \"resue\" is no instance policy",
            "line 19, column 11: \"never\" says nothing about updates",
            "line 21, column 16: `memory-bytes` takes a number of bytes",
            "line 22, column 2: `extra` is not known here",
        ],
    );
}

#[test]
fn an_id_without_quotes_is_told_how_to_be_written() {
    assert_wrong(
        "[plugin.org.example.weather]\ngrants = []\n",
        &[
            "line 1, column 13: an id with dots is one key: it stands in quotes; write `[plugin.\"org.example.weather\"]`",
        ],
    );
}

#[test]
fn two_secrets_for_one_place_are_refused() {
    let one =
        |secret, to, place| format!("{{ secret = \"{secret}\", to = \"{to}\", as = \"{place}\" }}");
    let uses = |second: String| {
        let first = one("A", "https://a.example/v1/*", "bearer");
        format!("[plugin.hello]\nsecrets = [{first}, {second}]\n")
    };
    let same = uses(one("B", "https://a.example", "bearer"));
    assert_wrong(
        &same,
        &["line 2, column 76: some request would get this and another secret"],
    );
    for other in [
        one("B", "https://b.example", "bearer"),
        one("B", "https://a.example/v1/*", "header:x-key"),
        one("A", "https://a.example", "bearer"),
    ] {
        Config::parse(&uses(other)).unwrap();
    }
}

#[test]
fn a_secret_setting_stands_nowhere_in_plain_text() {
    let manifest = "[plugin]\nid = \"hello\"\nversion = \"1.0.0\"\n[config.properties.token]\nx-secret = true\n\
        [config.properties.units]\ntype = \"string\"\n";
    let manifest = Manifest::parse(manifest).unwrap();
    let wrong = |text: &str| -> Vec<String> {
        let config = Config::parse(&format!("[plugin.hello.config]\n{text}")).unwrap();
        let settings = &config.plugin[&"hello".parse().unwrap()];
        let wrong = settings.misplaced_secrets(manifest.config.as_ref());
        wrong.iter().map(ToString::to_string).collect()
    };
    let fine = wrong("units = \"metric\"\ntoken = { secret = \"TOKEN\" }");
    assert_eq!(fine, Vec::<String>::new());
    let plain = wrong("token = \"hush\"");
    assert_eq!(plain.len(), 1);
    assert!(plain[0].contains("`token` is a secret") && !plain[0].contains("hush"));
    assert!(plain[0].contains("portcullis secret set"));
    let elsewhere = wrong("units = { secret = \"TOKEN\" }");
    assert_eq!(elsewhere.len(), 1);
    assert!(elsewhere[0].contains("`units` is given a secret"));
}

/// What holds and where it comes from, with each of the three saying something or nothing.
#[test]
fn a_flag_wins_over_a_variable_over_the_file_over_the_default() {
    let table = [
        // file, variable, flag: what holds
        (None, None, None, (TrustMode::Required, Origin::Default)),
        (Some("warn"), None, None, (TrustMode::Warn, Origin::File(3))),
        (
            Some("warn"),
            Some("off"),
            None,
            (TrustMode::Off, Origin::Variable("PORTCULLIS_SIGNATURES")),
        ),
        (
            Some("warn"),
            Some("off"),
            Some(TrustMode::Required),
            (TrustMode::Required, Origin::Flag),
        ),
        (
            Some("off"),
            None,
            Some(TrustMode::Warn),
            (TrustMode::Warn, Origin::Flag),
        ),
        (
            None,
            Some("warn"),
            None,
            (TrustMode::Warn, Origin::Variable("PORTCULLIS_SIGNATURES")),
        ),
        (
            Some("warn"),
            Some(""),
            None,
            (TrustMode::Warn, Origin::File(3)),
        ),
    ];
    for (file, variable, flag, (value, origin)) in table {
        let file = file.map_or_else(String::new, |word| {
            format!("\n[plugins]\nsignatures = \"{word}\"")
        });
        let variables = Said::by_variables(|name| {
            variable
                .filter(|_| name == "PORTCULLIS_SIGNATURES")
                .map(OsString::from)
        });
        let flags = Said {
            signatures: flag,
            ..Said::default()
        };
        let effective = Config::parse(&file)
            .unwrap()
            .resolve(variables.unwrap(), flags);
        assert_eq!(effective.signatures, Sourced { value, origin });
    }
}

#[test]
fn each_key_has_a_variable_of_its_own() {
    for key in Key::ALL {
        let value = match key {
            Key::Signatures => "off",
            Key::Dirs => "/a:/b",
            Key::Enabled | Key::HotReload | Key::Offline => "true",
        };
        let said =
            Said::by_variables(|name| (name == key.variable()).then(|| value.into())).unwrap();
        let effective = Config::default().resolve(said, Said::default());
        let origins = [
            (Key::Enabled, effective.enabled.origin),
            (Key::Dirs, effective.dirs.origin),
            (Key::HotReload, effective.hot_reload.origin),
            (Key::Signatures, effective.signatures.origin),
            (Key::Offline, effective.offline.origin),
        ];
        for (other, origin) in origins {
            let own = if other == key {
                Origin::Variable(key.variable())
            } else {
                Origin::Default
            };
            assert_eq!(origin, own, "{key:?} {other:?}");
        }
    }
}

#[test]
fn variables_that_can_not_be_used_are_named_all_at_once() {
    let errors = Said::by_variables(|name| match name {
        "PORTCULLIS_OFFLINE" => Some("1".into()),
        "PORTCULLIS_SIGNATURES" => Some("none".into()),
        _ => None,
    });
    let errors: Vec<_> = errors
        .unwrap_err()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        errors,
        [
            "the variable PORTCULLIS_OFFLINE is \"1\", and takes true or false",
            "the variable PORTCULLIS_SIGNATURES is \"none\", and takes required, warn or off",
        ]
    );
}

#[test]
fn each_key_knows_its_line() {
    let config = Config::parse(FULL).unwrap();
    let lines = [
        ("plugins.enabled", 3),
        ("plugins.limits.wall-clock", 10),
        ("plugin.hello.enabled", 16),
        ("plugin.\"org.example.weather\".bind.host", 23),
        ("plugin.\"org.example.weather\".config.token", 31),
    ];
    for (key, line) in lines {
        assert_eq!(config.line(key), Some(line), "{key}");
    }
    assert_eq!(config.line("plugins.offlin"), None);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC*") {
        let _ = Config::parse(&text);
    }

    #[test]
    fn no_cut_or_changed_configuration_makes_it_panic(at in 0..FULL.len(), with in "\\PC{0,3}") {
        let at = (0..=at).rev().find(|&at| FULL.is_char_boundary(at)).unwrap_or(0);
        let _ = Config::parse(&FULL[..at]);
        let _ = Config::parse(&format!("{}{with}{}", &FULL[..at], &FULL[at..]));
    }
}

#[test]
fn what_takes_something_back_is_told_from_what_adds() {
    let of = |text: &str| {
        let text = format!("[plugin.one]\n{text}");
        let mut config = Config::parse(&text).unwrap();
        config.plugin.pop_first().unwrap().1
    };
    let before = of("grants = [\"state\", \"http:https://*.example.com\"]");
    let narrower = [
        "",
        "grants = [\"state\"]",
        "grants = [\"state\", \"http:https://a.example.com\"]",
    ];
    for text in narrower {
        assert!(before.is_cut_by(&of(text)), "{text}");
    }
    let denied = of("grants = [\"state\", \"http:https://*.example.com\"]\ndeny = [\"log\"]");
    assert!(before.is_cut_by(&denied) && !denied.is_cut_by(&before));
    let more = of(
        "grants = [\"state\", \"http:https://*.example.com\", \"env:HOME\"]\nupdates = \"auto\"",
    );
    assert!(!before.is_cut_by(&more) && !before.is_cut_by(&before));
}
