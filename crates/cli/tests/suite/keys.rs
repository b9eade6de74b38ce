//! `keygen`, `sign` and `verify`.

use crate::support::{Home, Ran};
use portcullis_test_artifacts as guests;
use serde_json::{Value, json};
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

const ID: &str = "org.example.hello";

/// A user with a plugin `hello.wasm`, and a key `me` to sign it with.
fn author() -> (Home, String, String) {
    let home = Home::new();
    home.plugin(guests::PLUGIN_HELLO, "hello.wasm", ID, "1.2.0");
    let (id, public) = home.key("me");
    (home, id, public)
}

fn verified(home: &Home) -> (Option<i32>, Value) {
    let ran = home.run("verify hello.wasm --output=json");
    (ran.code, ran.json())
}

#[test]
fn a_key_is_made_for_its_owner_alone_and_never_written_over() {
    let home = Home::new();
    let said = home.run("keygen me").ok();
    for part in ["secret key  ", "key id      ", "public key  ed25519:"] {
        assert!(said.contains(part), "{said}");
    }
    let (file, folder) = (
        home.path("config/portcullis/keys/me.pem"),
        home.path("config/portcullis/keys"),
    );
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(folder).unwrap().mode() & 0o777, 0o700);
    let pem = fs::read_to_string(&file).unwrap();
    assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----"));
    assert!(!said.contains(pem.lines().nth(1).unwrap()));

    let again = home.run("keygen me");
    assert_eq!(again.code, Some(1));
    assert!(
        again.stderr.contains("is there already"),
        "{}",
        again.stderr
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), pem);
    for name in ["../me", ".me", "a/b", "--", "a\u{202e}b"] {
        assert_eq!(
            home.run(&format!("keygen -- {name}")).code,
            Some(2),
            "{name}"
        );
    }
}

#[test]
fn a_signed_plugin_is_verified_once_its_key_is_trusted() {
    let (home, id, public) = author();
    let (code, report) = verified(&home);
    assert_eq!(
        (code, &report["trusted"], &report["signatures"]),
        (Some(4), &json!(false), &json!([]))
    );
    let unsigned = home.run("verify hello.wasm");
    assert!(
        unsigned.stdout.contains("trusted   no: it is not signed"),
        "{}",
        unsigned.stdout
    );

    let said = home.run("sign hello.wasm --key me").ok();
    assert!(
        said.starts_with(&format!("signed {ID} 1.2.0 as key {id}")),
        "{said}"
    );
    let (code, report) = verified(&home);
    let problem = "is not in trusted_keys.toml";
    let signature = json!([{ "keyId": id, "owner": null, "counts": false, "problem": problem }]);
    assert_eq!((code, &report["signatures"]), (Some(4), &signature));

    home.run(&format!(
        "trust add {public} --owner Me --plugins org.example.*"
    ))
    .ok();
    let (code, report) = verified(&home);
    let signature = json!([{ "keyId": id, "owner": "Me", "counts": true, "problem": null }]);
    assert_eq!((code, &report["signatures"]), (Some(0), &signature));
    assert_eq!(
        (&report["id"], &report["version"]),
        (&json!(ID), &json!("1.2.0"))
    );
    let text = home.run("verify hello.wasm").ok();
    assert!(
        text.contains("trusted   yes") && text.contains(&format!("{id} (Me): counts")),
        "{text}"
    );
}

#[test]
fn two_keys_are_enough_where_two_are_asked_for_and_one_key_counts_once() {
    let (home, _, first) = author();
    let (_, second) = home.key("you");
    for (key, owner) in [(&first, "Me"), (&second, "You")] {
        home.run(&format!("trust add {key} --owner {owner} --plugins {ID}"))
            .ok();
    }
    home.run(&format!("trust policy {ID} --threshold 2")).ok();
    for _ in 0..2 {
        let signed = home.run("sign hello.wasm --key me --output=json").json();
        assert_eq!(signed["id"], ID);
        let (code, report) = verified(&home);
        assert_eq!(
            (code, report["signatures"].as_array().unwrap().len()),
            (Some(4), 1)
        );
        assert!(
            report["problem"]
                .as_str()
                .unwrap()
                .contains("takes 2 trusted"),
            "{report}"
        );
    }
    home.run("sign hello.wasm --key you").ok();
    let (code, report) = verified(&home);
    assert_eq!(
        (code, report["signatures"].as_array().unwrap().len()),
        (Some(0), 2)
    );
}

#[test]
fn what_was_changed_after_it_was_signed_is_not_verified() {
    let (home, _, public) = author();
    home.run(&format!("trust add {public} --owner Me --plugins *"))
        .ok();
    home.run("sign hello.wasm --key me").ok();
    home.plugin(guests::PLUGIN_HELLO, "hello.wasm", ID, "1.2.1");
    let (code, report) = verified(&home);
    let problem = report["signatures"][0]["problem"].as_str().unwrap();
    assert_eq!(code, Some(4));
    assert!(problem.starts_with("signed something else"), "{problem}");
}

#[test]
fn what_carries_no_manifest_is_not_signed() {
    let home = Home::new();
    home.key("me");
    fs::copy(guests::WELL_SECRETS, home.path("bare.wasm")).unwrap();
    let bare = home.run("sign bare.wasm --key me --output=json");
    assert_eq!(
        (bare.code, &bare.error()["kind"]),
        (Some(3), &json!("manifest"))
    );
    fs::write(
        home.path("bare.toml"),
        format!("[plugin]\nid = {ID:?}\nversion = \"1.0.0\"\n"),
    )
    .unwrap();
    let beside = home.run("sign bare.wasm --key me");
    assert_eq!(beside.code, Some(3));
    assert!(
        beside.stderr.contains("a file beside it"),
        "{}",
        beside.stderr
    );
    assert_eq!(home.run("verify bare.wasm").code, Some(4));
    assert_eq!(home.run("sign nowhere.wasm --key me").code, Some(3));
    assert!(!home.path("bare.wasm.sig").exists());
}

#[test]
fn a_key_file_that_others_can_read_or_that_is_a_link_is_refused() {
    let (home, _, _) = author();
    let file = home.path("config/portcullis/keys/me.pem");
    symlink(&file, home.path("link.pem")).unwrap();
    let link = home.run("sign hello.wasm --key link.pem");
    assert!(
        link.code == Some(1) && link.stderr.contains("is a link"),
        "{}",
        link.stderr
    );
    for mode in [0o640, 0o604, 0o620] {
        fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        for key in ["me", file.to_str().unwrap()] {
            let ran = home.run(&format!("sign hello.wasm --key {key} --output=json"));
            assert_eq!(
                (ran.code, &ran.error()["kind"]),
                (Some(1), &json!("key")),
                "{mode:o}"
            );
            assert!(ran.stderr.contains("chmod"), "{}", ran.stderr);
        }
    }
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    home.run(&format!("sign hello.wasm --key {}", file.display()))
        .ok();
}

#[test]
fn what_is_no_key_is_told_without_showing_it() {
    let (home, _, _) = author();
    let missing = home.run("sign hello.wasm --key nobody");
    assert!(
        missing.code == Some(1) && missing.stderr.contains("portcullis keygen"),
        "{}",
        missing.stderr
    );
    for content in [
        "",
        "hush-hush",
        "-----BEGIN PRIVATE KEY-----\nhushhush\n-----END PRIVATE KEY-----\n",
    ] {
        let file = home.path("config/portcullis/keys/other.pem");
        fs::write(&file, content).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        let ran = home.run("sign hello.wasm --key other");
        assert!(
            ran.code == Some(1) && ran.stderr.contains("holds no Ed25519 secret key"),
            "{}",
            ran.stderr
        );
        assert!(!ran.stderr.contains("hush"), "{}", ran.stderr);
    }
}

#[test]
fn an_encrypted_key_signs_with_its_passphrase_alone() {
    let home = Home::new();
    home.plugin(guests::PLUGIN_HELLO, "hello.wasm", ID, "1.2.0");
    let with = |passphrase: Option<&str>, line: &str| {
        let mut command = home.portcullis();
        command.envs(passphrase.map(|text| ("PORTCULLIS_KEY_PASSPHRASE", text)));
        Ran::of(command.args(line.split(' ')))
    };
    for nothing in [None, Some("")] {
        let ran = with(nothing, "keygen me --passphrase");
        assert!(
            ran.code == Some(1) && ran.stderr.contains("no passphrase"),
            "{}",
            ran.stderr
        );
    }
    with(Some("open sesame"), "keygen me --passphrase").ok();
    let pem = fs::read_to_string(home.path("config/portcullis/keys/me.pem")).unwrap();
    assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    for wrong in [Some("sesame"), None] {
        let ran = with(wrong, "sign hello.wasm --key me");
        assert!(
            ran.code == Some(1) && ran.stderr.contains("PORTCULLIS_KEY_PASSPHRASE"),
            "{}",
            ran.stderr
        );
        assert!(!home.path("hello.wasm.sig").exists());
    }
    with(Some("open sesame"), "sign hello.wasm --key me").ok();
}

#[test]
fn a_file_of_signatures_with_mistakes_is_told_line_by_line_and_left_alone() {
    let (home, _, _) = author();
    let text = "[[signature]]\nkey = \"12\"\nsignatur = \"x\"\n";
    fs::write(home.path("hello.wasm.sig"), text).unwrap();
    for line in [
        "verify hello.wasm --output=json",
        "sign hello.wasm --key me --output=json",
    ] {
        let ran = home.run(line);
        let error = ran.error();
        assert_eq!(
            (ran.code, &error["kind"]),
            (Some(1), &json!("mistakes")),
            "{line}"
        );
        assert_eq!(error["mistakes"].as_array().unwrap().len(), 3, "{error}");
    }
    assert_eq!(
        fs::read_to_string(home.path("hello.wasm.sig")).unwrap(),
        text
    );
}
