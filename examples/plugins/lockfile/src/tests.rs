use super::*;

const LOCK: &str = r#"
version = 4

[[package]]
name = "app"
version = "0.1.0"
dependencies = ["left", "right"]

[[package]]
name = "left"
version = "1.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
dependencies = ["shared 1.2.0"]

[[package]]
name = "right"
version = "2.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
dependencies = ["left", "shared 2.0.0"]

[[package]]
name = "shared"
version = "1.2.0"
source = "registry+https://github.com/rust-lang/crates.io-index"

[[package]]
name = "shared"
version = "2.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
"#;

fn names(found: &Dependents) -> Vec<&str> {
    found
        .dependents
        .iter()
        .map(|dependent| dependent.name.as_str())
        .collect()
}

#[test]
fn packages_are_listed_with_version_and_source() {
    let found = packages(LOCK.into(), None).expect("a lock file");
    assert_eq!(found.count, 5);
    let app = Locked {
        name: "app".into(),
        version: "0.1.0".into(),
        source: None,
        dependencies: 2,
    };
    assert_eq!(found.packages[0], app);
    let source = found.packages[1].source.as_deref();
    assert_eq!(source, Some("https://github.com/rust-lang/crates.io-index"));
}

#[test]
fn a_part_of_a_name_narrows_the_list() {
    assert_eq!(
        packages(LOCK.into(), Some("har".into()))
            .expect("a lock file")
            .count,
        2
    );
}

#[test]
fn a_package_in_two_versions_is_a_duplicate_and_says_who_needs_which() {
    let version = |version: &str, user: &str| Version {
        version: version.into(),
        needed_by: vec![user.into()],
    };
    let shared = Duplicate {
        name: "shared".into(),
        versions: vec![
            version("1.2.0", "left 1.0.0"),
            version("2.0.0", "right 2.0.0"),
        ],
    };
    assert_eq!(
        duplicates(LOCK.into()).expect("a lock file").duplicates,
        [shared]
    );
}

#[test]
fn dependents_are_found_through_others_with_a_shortest_path() {
    let found =
        dependents(LOCK.into(), "shared".into(), Some("1.2.0".into()), false).expect("it is there");
    assert_eq!(names(&found), ["left", "app", "right"]);
    assert_eq!(
        found.dependents[1].path,
        ["app 0.1.0", "left 1.0.0", "shared 1.2.0"]
    );
}

#[test]
fn direct_dependents_name_the_package_themselves() {
    let found = dependents(LOCK.into(), "left".into(), None, true).expect("it is there");
    assert_eq!(names(&found), ["app", "right"]);
}

#[test]
fn a_package_that_is_not_there_is_not_found() {
    let error = dependents(LOCK.into(), "shared".into(), Some("9.0.0".into()), false)
        .err()
        .expect("no such version");
    assert_eq!(error.code, "not-found");
}

#[test]
fn what_is_no_lock_file_is_refused() {
    let error = packages("[dependencies]".into(), None)
        .err()
        .expect("that is a Cargo.toml");
    assert_eq!(error.code, "invalid-arguments");
}
