use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use super::*;

fn file() -> (tempfile::TempDir, TokenFile) {
    let folder = tempfile::tempdir().unwrap();
    let file = TokenFile::new(folder.path().join("mcp"));
    (folder, file)
}

fn terms(name: &str) -> TokenTerms {
    TokenTerms {
        name: name.parse().unwrap(),
        expires: None,
        plugins: None,
        tools: None,
        metrics: false,
    }
}

#[test]
fn a_token_is_found_by_its_text_and_kept_as_a_hash() {
    let (_folder, file) = file();
    let token = file.create(terms("ada")).unwrap();
    let tokens = file.read().unwrap();
    assert_eq!(tokens.find(token.reveal()).unwrap().terms, terms("ada"));
    let text = fs::read_to_string(file.path()).unwrap();
    assert!(!text.contains(token.reveal()), "{text}");
    assert!(!format!("{token:?}").contains(token.reveal()));
}

#[test]
fn what_is_not_the_whole_text_finds_nothing() {
    let (_folder, file) = file();
    let token = file.create(terms("ada")).unwrap();
    let tokens = file.read().unwrap();
    let text = token.reveal();
    for wrong in [
        "",
        "portcullis_",
        &text[1..],
        &text[..text.len() - 1],
        &text.to_uppercase(),
    ] {
        assert_eq!(tokens.find(wrong), None, "{wrong}");
    }
}

#[test]
fn only_its_user_can_read_the_file() {
    let (_folder, file) = file();
    file.create(terms("ada")).unwrap();
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode(file.path()), mode(file.folder().to_owned())),
        (0o600, 0o700)
    );
    fs::set_permissions(file.path(), fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(file.read(), Err(TokenError::Io { .. })));
}

#[test]
fn what_is_said_of_a_token_is_read_as_it_was_written() {
    let (_folder, file) = file();
    let said = TokenTerms {
        expires: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000_000)),
        plugins: Some(["org.example.a".parse().unwrap()].into()),
        tools: Some(vec!["org.example.a/read_*".parse().unwrap()]),
        metrics: true,
        ..terms("ada@example.org")
    };
    let nothing = TokenTerms {
        plugins: Some(BTreeSet::new()),
        tools: Some(Vec::new()),
        ..terms("nothing")
    };
    file.create(said.clone()).unwrap();
    file.create(nothing.clone()).unwrap();
    let tokens = file.read().unwrap();
    let read: Vec<_> = tokens
        .records()
        .iter()
        .map(|record| &record.terms)
        .collect();
    assert_eq!(read, [&said, &nothing]);
}

#[test]
fn a_token_counts_until_it_expires() {
    let now = SystemTime::now();
    let record = |expires| TokenRecord {
        terms: TokenTerms {
            expires,
            ..terms("ada")
        },
        created: now,
        hash: TokenHash::of("x"),
    };
    assert_eq!(record(None).status(now), TokenStatus::Counts);
    let soon = Some(now + Duration::from_secs(1));
    assert_eq!(record(soon).status(now), TokenStatus::Counts);
    assert_eq!(record(Some(now)).status(now), TokenStatus::Expired);
}

#[test]
fn names_are_given_once_until_they_are_taken_back() {
    let (_folder, file) = file();
    let first = file.create(terms("ada")).unwrap();
    assert!(matches!(
        file.create(terms("ada")),
        Err(TokenError::Taken(_))
    ));
    file.revoke(&"ada".parse().unwrap()).unwrap();
    let again = file.revoke(&"ada".parse().unwrap());
    assert!(matches!(again, Err(TokenError::Unknown(_))));
    file.create(terms("ada")).unwrap();
    assert_eq!(file.read().unwrap().find(first.reveal()), None);
}

#[test]
fn a_file_that_is_not_right_is_refused_whole() {
    let (_folder, file) = file();
    file.create(terms("ada")).unwrap();
    let right = fs::read_to_string(file.path()).unwrap();
    let twice = format!("{right}\n{right}");
    let unknown = format!("{right}admin = true\n");
    let hash = right.replace("sha256 = \"", "sha256 = \"A");
    let time = right.replace("created = \"", "created = \"x");
    for wrong in [twice, unknown, hash, time, "tokens".to_owned()] {
        fs::write(file.path(), &wrong).unwrap();
        assert!(
            matches!(file.read(), Err(TokenError::Damaged { .. })),
            "{wrong}"
        );
        assert!(matches!(
            file.create(terms("bob")),
            Err(TokenError::Damaged { .. })
        ));
    }
}

#[test]
fn names_are_plain() {
    for good in ["a", "ada.lovelace@example.org", "ci_1-2"] {
        assert_eq!(good.parse::<TokenName>().unwrap().as_str(), good);
    }
    let long = "a".repeat(65);
    for bad in ["", "-a", ".a", "a b", "a/b", "ä", "a\n", &long] {
        assert!(bad.parse::<TokenName>().is_err(), "{bad}");
    }
}
