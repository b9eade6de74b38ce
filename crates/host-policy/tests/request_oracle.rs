//! What a rule allows is under that rule for every other parser too.

mod oracle;

use std::sync::atomic::{AtomicUsize, Ordering};

use portcullis_host_policy::capability::Capability;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// URLs near to the rules, and to their edges.
fn urls() -> impl Strategy<Value = String> {
    let host = r"(example\.com|a\.example\.com|example\.com\.|EXAMPLE\.com|xn--bcher-kva\.example|127\.0\.0\.1|127\.1|\[::1\]|\[::ffff:127\.0\.0\.1\]|a\.b|evil@example\.com|example\.com@evil|example\.com\\@evil)";
    let near = format!(
        r"https?://{host}(|:443|:80|:8080|:8443|:0|:65536|:abc)(|/|/v1|/v1/|/a/b|/a%20b/)([a-z.%/\\;?#@:*2e5cf]{{0,8}})"
    );
    let plain = r"(https://(example\.com|a\.example\.com|b\.a\.example\.com)|http://127\.0\.0\.1:8080)(/v1|/v%31|/a/b|/)(/[a-z0-9%._-]{0,4}){0,2}(\?[!-~]{0,6})?";
    prop_oneof![
        4 => proptest::string::string_regex(&near).expect("a pattern"),
        4 => plain,
        1 => any::<String>(),
    ]
}

fn rules() -> impl Strategy<Value = Capability> {
    let texts = prop_oneof![
        2 => proptest::sample::select(oracle::RULES.to_vec()).prop_map(str::to_owned),
        1 => r"http:(GET |POST |)https?://(example\.com|\*\.example\.com|127\.0\.0\.1)(|:8080)(|/|/v1/\*|/v1|/a%20b/\*|/[a-z%25]{0,3}(/\*)?)",
    ];
    texts.prop_filter_map("not a capability", |text| text.parse().ok())
}

#[test]
fn what_is_allowed_is_under_its_rule_for_the_url_crate_and_for_hyper() {
    let allowed = AtomicUsize::new(0);
    let config = ProptestConfig {
        cases: 8192,
        ..ProptestConfig::default()
    };
    let held = TestRunner::new(config).run(&(rules(), urls()), |(rule, url)| {
        if oracle::hold(&rule, "GET", &url) {
            allowed.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    });
    held.unwrap_or_else(|error| panic!("{error}"));
    // Else the generator misses what it is about.
    let allowed = allowed.into_inner();
    assert!(allowed > 100, "only {allowed} were allowed");
}
