//! `portcullis trust`.

use crate::support::{Home, Ran};
use portcullis_test_artifacts as guests;
use serde_json::{Value, json};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

fn keys_file(home: &Home) -> PathBuf {
    home.path("config/portcullis/trust/trusted_keys.toml")
}

fn lock_file(home: &Home) -> PathBuf {
    home.path("config/portcullis/trust/plugins.lock")
}

fn list(home: &Home) -> Value {
    home.run("trust list --output=json").json()
}

#[test]
fn keys_are_trusted_listed_revoked_and_forgotten() {
    let home = Home::new();
    assert!(home.run("trust list").ok().contains("no key is trusted"));
    let ((first, public), (second, other)) = (home.key("a"), home.key("b"));
    let said = home
        .run(&format!(
            "trust add {public} --owner Ada --plugins org.example.* net.x"
        ))
        .ok();
    assert_eq!(
        said,
        format!("trusted: key {first} (Ada) for org.example.*, net.x\n")
    );
    home.run(&format!("trust add {other} --owner Bob --plugins * --not-before 2026-01-01 --not-after 2028-01-01T12:00:00Z")).ok();
    home.run("trust policy org.example.bank --threshold 2").ok();
    home.run("trust policy org.example.bank --threshold 3").ok();
    let ada = json!({
        "keyId": first, "publicKey": public, "owner": "Ada", "plugins": ["org.example.*", "net.x"],
        "notBefore": null, "notAfter": null, "status": "counts",
    });
    let listed = list(&home);
    assert_eq!(listed["keys"][0], ada);
    assert_eq!(listed["keys"][1]["notBefore"], "2026-01-01T00:00:00Z");
    assert_eq!(
        listed["policies"],
        json!([{ "plugins": ["org.example.bank"], "threshold": 3 }])
    );

    assert_eq!(
        home.run(&format!("trust revoke {} --output=json", &first[..12]))
            .json(),
        json!({ "revoked": first })
    );
    assert_eq!(list(&home)["keys"][0]["status"], "revoked");
    assert!(
        home.run("trust list")
            .ok()
            .contains(&format!("{first} Ada revoked"))
    );
    home.run(&format!("trust remove {second}")).ok();
    assert_eq!(list(&home)["keys"].as_array().unwrap().len(), 1);
}

#[test]
fn what_the_operator_wrote_stays_as_it_was() {
    let home = Home::new();
    let ((_, first), (second, other)) = (home.key("a"), home.key("b"));
    let kept = format!(
        "# Whom we trust.\n\n# Ada, met in person.\n[[key]]\nowner = \"Ada\" # the first\npublic-key = {first:?}\n\
         plugins = [\n    \"*\", # for now\n]\n"
    );
    fs::create_dir_all(keys_file(&home).parent().unwrap()).unwrap();
    fs::set_permissions(
        keys_file(&home).parent().unwrap(),
        Permissions::from_mode(0o700),
    )
    .unwrap();
    fs::write(keys_file(&home), &kept).unwrap();
    home.run(&format!(
        "trust add {other} --owner Bob --plugins org.example.*"
    ))
    .ok();
    let text = fs::read_to_string(keys_file(&home)).unwrap();
    assert!(text.starts_with(&kept), "{text}");
    home.run(&format!("trust remove {second}")).ok();
    assert_eq!(fs::read_to_string(keys_file(&home)).unwrap(), kept);

    let id = list(&home)["keys"][0]["keyId"].as_str().unwrap().to_owned();
    home.run(&format!("trust remove {id}")).ok();
    assert_eq!(
        fs::read_to_string(keys_file(&home)).unwrap(),
        "# Whom we trust.\n\n"
    );
}

#[test]
fn a_key_is_named_by_its_id_or_its_unambiguous_beginning() {
    let home = Home::new();
    for (name, owner) in [("a", "Ada"), ("b", "Bob")] {
        let (_, public) = home.key(name);
        home.run(&format!("trust add {public} --owner {owner} --plugins *"))
            .ok();
        let again = home.run(&format!("trust add {public} --owner {owner} --plugins *"));
        assert!(
            again.code == Some(1) && again.stderr.contains("is listed already"),
            "{}",
            again.stderr
        );
    }
    let before = fs::read_to_string(keys_file(&home)).unwrap();
    let unknown = home.run("trust revoke xyz --output=json");
    assert_eq!(
        (unknown.code, &unknown.error()["kind"]),
        (Some(1), &json!("trust"))
    );
    let any = Ran::of(home.portcullis().args(["trust", "remove", ""]));
    assert!(
        any.code == Some(1) && any.stderr.contains("of 2 trusted keys"),
        "{}",
        any.stderr
    );
    assert_eq!(fs::read_to_string(keys_file(&home)).unwrap(), before);
}

#[test]
fn a_key_that_is_none_or_a_pattern_that_is_none_is_a_mistake_in_the_command_line() {
    let home = Home::new();
    let (_, public) = home.key("a");
    // The neutral element: anybody could sign with it.
    let weak = "ed25519:AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    for arguments in [
        format!("{weak} --owner A --plugins *"),
        "ed25519:AAAA --owner A --plugins *".to_owned(),
        format!("{public} --owner A --plugins org.*.x"),
        format!("{public} --owner A"),
        format!("{public} --plugins *"),
        format!("{public} --owner A --plugins * --not-after tomorrow"),
    ] {
        assert_eq!(
            home.run(&format!("trust add {arguments}")).code,
            Some(2),
            "{arguments}"
        );
    }
    assert_eq!(home.run("trust policy * --threshold 0").code, Some(2));
    let never = home.run(&format!(
        "trust add {public} --owner A --plugins * --not-before 2027-01-01 --not-after 2026-01-01"
    ));
    assert!(
        never.code == Some(1) && never.stderr.contains("never count"),
        "{}",
        never.stderr
    );
    assert!(!keys_file(&home).exists());
}

#[test]
fn a_key_counts_in_its_time_and_for_its_plugins_alone() {
    let home = Home::new();
    home.plugin(
        guests::PLUGIN_HELLO,
        "hello.wasm",
        "org.example.hello",
        "1.0.0",
    );
    let (id, public) = home.key("me");
    home.run("sign hello.wasm --key me").ok();
    for (line, status, problem) in [
        (
            "* --not-after 2020-01-01",
            "expired",
            "expired at 2020-01-01T00:00:00Z",
        ),
        (
            "* --not-before 2999-01-01",
            "not yet",
            "counts from 2999-01-01T00:00:00Z on",
        ),
        (
            "org.example.other",
            "counts",
            "is not trusted for plugins of this id",
        ),
    ] {
        home.run(&format!("trust add {public} --owner A --plugins {line}"))
            .ok();
        let ran = home.run("verify hello.wasm --output=json");
        assert_eq!(
            (ran.code, &ran.json()["signatures"][0]["problem"]),
            (Some(4), &json!(problem))
        );
        assert_eq!(list(&home)["keys"][0]["status"], status);
        home.run(&format!("trust remove {id}")).ok();
    }
}

#[test]
fn keys_with_mistakes_or_open_to_others_are_refused_and_not_changed() {
    let home = Home::new();
    let (_, public) = home.key("a");
    home.run(&format!("trust add {public} --owner Ada --plugins *"))
        .ok();
    let good = fs::read_to_string(keys_file(&home)).unwrap();
    fs::write(
        keys_file(&home),
        format!("{good}revokd = true\nplugin = 1\n"),
    )
    .unwrap();
    for line in [
        "trust list",
        "trust revoke a",
        "trust policy * --threshold 2",
    ] {
        let ran = home.run(&format!("{line} --output=json"));
        let error = ran.error();
        assert_eq!(
            (ran.code, &error["kind"]),
            (Some(1), &json!("mistakes")),
            "{line}"
        );
        assert_eq!(error["mistakes"].as_array().unwrap().len(), 2, "{error}");
    }
    fs::write(keys_file(&home), &good).unwrap();
    fs::set_permissions(keys_file(&home), Permissions::from_mode(0o666)).unwrap();
    let open = home.run("trust list");
    assert!(
        open.code == Some(1) && open.stderr.contains("chmod go-w"),
        "{}",
        open.stderr
    );
}

#[test]
fn the_first_key_makes_the_lock_and_no_later_one_does() {
    let home = Home::new();
    let ((_, first), (_, second)) = (home.key("a"), home.key("b"));
    home.run(&format!("trust add {first} --owner Ada --plugins *"))
        .ok();
    assert!(lock_file(&home).exists());
    fs::remove_file(lock_file(&home)).unwrap();
    home.run(&format!("trust add {second} --owner Bob --plugins *"))
        .ok();
    assert!(!lock_file(&home).exists(), "a lost lock must stay lost");
}
