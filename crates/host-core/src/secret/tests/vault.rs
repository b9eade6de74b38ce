//! Who gets a secret, where it goes, and what is said of it.

use std::sync::{Arc, Mutex};

use http::{HeaderMap, HeaderName, HeaderValue};
use portcullis_host_policy::audit::AuditRecord;
use portcullis_host_policy::capability::Capability;
use portcullis_host_policy::decision::{CapabilitySet, Denial, DenyCode, Grants};
use portcullis_host_policy::request::HttpRequest;
use portcullis_host_policy::{Grant, Identity};

use super::super::*;
use super::name;
use crate::audit::AuditSink;

const OWN: Identity = Identity::Digest([1; 32]);
const OTHERS: Identity = Identity::Digest([2; 32]);
const VALUE: &str = "sk-live-0123456789abcdef";
const URL: &str = "https://api.example.com/v1/me";

fn binding(secret: &str, identity: Identity, to: &str, placement: &str) -> Binding {
    Binding {
        secret: name(secret),
        identity,
        to: to.parse().unwrap(),
        placement: placement.parse().unwrap(),
    }
}

fn own(placement: &str) -> Binding {
    binding("KEY", OWN, "https://api.example.com/v1/*", placement)
}

fn grants(allowed: &[&str]) -> Grants {
    let allowed = allowed
        .iter()
        .map(|text| text.parse::<Capability>().unwrap());
    Grants::new(
        &CapabilitySet::All,
        &Grant::from_caps(allowed),
        &CapabilitySet::All,
    )
}

async fn store(value: &str) -> MemorySecrets {
    let store = MemorySecrets::new();
    store.set(&name("KEY"), value.into()).await.unwrap();
    store
        .set(&name("OTHER"), "other-0123456789abcdef".into())
        .await
        .unwrap();
    store
}

async fn open_with(
    value: &str,
    bindings: &[Binding],
    allowed: &[&str],
) -> Result<Vault, SecretError> {
    Vault::open(Some(&store(value).await), bindings, OWN, &grants(allowed)).await
}

async fn open(bindings: &[Binding], allowed: &[&str]) -> Vault {
    open_with(VALUE, bindings, allowed).await.unwrap()
}

fn get(url: &str) -> HttpRequest {
    HttpRequest::parse("GET", url).unwrap()
}

/// What is sent for a request: its headers and its query.
fn sent(vault: &Vault, url: &str) -> (HeaderMap, Option<String>) {
    let request = get(url);
    let (mut headers, mut query) = (HeaderMap::new(), request.query().map(str::to_owned));
    vault.inject(&request, &mut headers, &mut query);
    (headers, query)
}

#[tokio::test]
async fn a_secret_is_put_where_it_is_bound() {
    for (placement, value, header, expected) in [
        (
            "bearer",
            VALUE,
            "authorization",
            "Bearer sk-live-0123456789abcdef",
        ),
        (
            "basic",
            "ada:hunter2-hunter2",
            "authorization",
            "Basic YWRhOmh1bnRlcjItaHVudGVyMg==",
        ),
        ("header:X-Api-Key", VALUE, "x-api-key", VALUE),
    ] {
        let vault = open_with(value, &[own(placement)], &["secret:KEY"])
            .await
            .unwrap();
        let (headers, query) = sent(&vault, URL);
        assert_eq!(headers[header], expected);
        assert!(headers[header].is_sensitive());
        assert_eq!((headers.len(), query), (1, None));
        let name = HeaderName::from_static(if header == "x-api-key" {
            "x-api-key"
        } else {
            "authorization"
        });
        assert!(vault.reserves(&name) && !vault.reserves(&HeaderName::from_static("accept")));
    }
}

#[tokio::test]
async fn a_parameter_goes_over_those_of_its_name_and_beside_the_others() {
    let vault = open_with(
        "a b&c=d/0123456789",
        &[own("query:api_key")],
        &["secret:KEY"],
    )
    .await
    .unwrap();
    let own = "api_key=a%20b%26c%3Dd%2F0123456789";
    for (query, expected) in [
        ("", own.to_owned()),
        ("?", own.to_owned()),
        ("?x=1&y", format!("x=1&y&{own}")),
        ("?api_key=mine&x=1&api%5Fkey=mine", format!("x=1&{own}")),
    ] {
        assert_eq!(
            sent(&vault, &format!("{URL}{query}")).1.unwrap(),
            expected,
            "{query}"
        );
    }
}

#[tokio::test]
async fn no_other_request_carries_it() {
    let vault = open(&[own("bearer")], &["secret:KEY"]).await;
    for url in [
        "https://api.example.com/v2/me",
        "https://api.example.com/v1",
        "https://api.example.com:8443/v1/me",
        "https://other.example.com/v1/me",
    ] {
        assert!(sent(&vault, url).0.is_empty(), "{url}");
        assert_eq!(vault.bound_to(&get(url)).count(), 0, "{url}");
    }
    let post = HttpRequest::parse("POST", URL).unwrap();
    assert_eq!(vault.bound_to(&post).count(), 0);
    assert_eq!(vault.bound_to(&get(URL)).count(), 1);
}

#[tokio::test]
async fn a_secret_needs_its_identity_its_binding_and_its_grant() {
    let others = binding("OTHER", OTHERS, "https://api.example.com", "header:x-other");
    for (bindings, allowed) in [
        (vec![], vec!["secret:KEY", "secret:OTHER"]),
        (vec![own("bearer")], vec![]),
        (vec![own("bearer")], vec!["secret:OTHER"]),
        (vec![others], vec!["secret:OTHER", "secret:KEY"]),
    ] {
        let vault = open(&bindings, &allowed).await;
        assert!(
            vault.is_empty() && sent(&vault, URL).0.is_empty(),
            "{bindings:?} {allowed:?}"
        );
        // Another plugin's name is as unknown as one that nobody has.
        for guess in ["KEY", "OTHER", "NOBODY"] {
            assert!(!vault.exists(&name(guess)) && vault.reveal(&name(guess)).is_none());
        }
    }
    let vault = open(&[own("bearer")], &["secret:KEY"]).await;
    assert!(vault.exists(&name("KEY")) && vault.reveal(&name("KEY")).is_none());
    let vault = open(&[], &["secret-reveal:KEY"]).await;
    assert!(vault.exists(&name("KEY")) && vault.reveal(&name("KEY")).is_some());
}

#[tokio::test]
async fn what_is_bound_and_not_granted_is_named_for_the_operator() {
    let vault = open(&[own("bearer")], &[]).await;
    assert_eq!(
        vault
            .bound_to(&get(URL))
            .map(SecretName::as_str)
            .collect::<Vec<_>>(),
        ["KEY"]
    );
}

/// Counts what it is asked for.
#[derive(Default)]
struct Asked(Mutex<Vec<String>>);

#[async_trait]
impl SecretStore for Asked {
    async fn get(&self, name: &SecretName) -> Result<Option<SecretString>, SecretError> {
        self.0.lock().unwrap().push(name.to_string());
        Ok(Some(VALUE.into()))
    }
    async fn set(&self, _: &SecretName, _: SecretString) -> Result<(), SecretError> {
        Ok(())
    }
    async fn remove(&self, _: &SecretName) -> Result<bool, SecretError> {
        Ok(false)
    }
    async fn list(&self) -> Result<Vec<SecretName>, SecretError> {
        Ok(Vec::new())
    }
}

#[tokio::test]
async fn a_store_is_asked_for_nothing_that_the_plugin_may_not_use() {
    let store = Asked::default();
    let bindings = [
        own("bearer"),
        binding("KEY", OWN, "https://b.example.com", "bearer"),
        binding("WITHHELD", OWN, "https://c.example.com", "bearer"),
        binding("OTHER", OTHERS, "https://d.example.com", "bearer"),
    ];
    Vault::open(
        Some(&store),
        &bindings,
        OWN,
        &grants(&["secret:KEY", "secret:OTHER"]),
    )
    .await
    .unwrap();
    assert_eq!(*store.0.lock().unwrap(), ["KEY"]);
}

#[tokio::test]
async fn what_cannot_be_sent_fails_the_load_and_not_the_request() {
    let unsendable = |error: SecretError| matches!(error, SecretError::Unsendable { .. });
    for (placement, value) in [
        ("bearer", "two\r\nheaders: 1"),
        ("header:x-key", " padded "),
        ("header:x-key", "ünïcode-value"),
        ("basic", "no-user-and-no-colon"),
    ] {
        let error = open_with(value, &[own(placement)], &["secret:KEY"])
            .await
            .unwrap_err();
        assert!(
            !error.to_string().contains(value.trim()) && unsendable(error),
            "{placement}"
        );
    }
    let twice = [
        own("bearer"),
        binding("OTHER", OWN, "https://*.example.com", "bearer"),
    ];
    let both = ["secret:KEY", "secret:OTHER"];
    assert!(matches!(
        open_with(VALUE, &twice, &both).await,
        Err(SecretError::Conflict { .. })
    ));
    let missing = [binding("GONE", OWN, "https://api.example.com", "bearer")];
    let error = open_with(VALUE, &missing, &["secret:GONE"])
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("`portcullis secret set GONE`"),
        "{error}"
    );
    let none = Vault::open(None, &[own("bearer")], OWN, &grants(&["secret:KEY"])).await;
    assert!(matches!(none, Err(SecretError::NoStore { .. })));
}

#[tokio::test]
async fn a_bound_value_is_a_leak_everywhere_and_a_revealed_one_where_it_is_not_bound() {
    let elsewhere = get("https://evil.example/");
    let bound = open(&[own("bearer")], &["secret:KEY"]).await;
    for request in [&get(URL), &elsewhere] {
        assert_eq!(
            bound.scanner(request).unwrap().text(VALUE),
            Err(Leak),
            "{request}"
        );
    }
    let revealed = open(&[own("bearer")], &["secret:KEY", "secret-reveal:KEY"]).await;
    assert_eq!(revealed.scanner(&get(URL)).unwrap().text(VALUE), Ok(()));
    assert_eq!(revealed.scanner(&elsewhere).unwrap().text(VALUE), Err(Leak));
    assert!(Vault::empty().scanner(&elsewhere).is_none() && Vault::empty().redactor().is_none());
}

#[tokio::test]
async fn a_secret_setting_stays_out_of_what_is_written_and_may_be_sent() {
    let mut vault = open(&[], &[]).await;
    vault.hide(&["setting-0123456789", "short"]).unwrap();
    let written = vault.blanked("it is setting-0123456789, short".to_owned());
    assert_eq!(written, "it is ******************, short");
    assert!(vault.scanner(&get(URL)).is_none() && vault.redactor().is_none());
    assert!(vault.is_empty());
}

#[tokio::test]
async fn the_password_of_a_pair_is_looked_for_alone_too() {
    let value = "ada:correct-horse-battery";
    let vault = open_with(value, &[own("basic")], &["secret:KEY"])
        .await
        .unwrap();
    let scanner = vault.scanner(&get(URL)).unwrap();
    assert_eq!(scanner.text("pw=correct-horse-battery"), Err(Leak));
    assert_eq!(
        scanner.text("Basic YWRhOmNvcnJlY3QtaG9yc2UtYmF0dGVyeQ=="),
        Err(Leak)
    );
}

#[tokio::test]
async fn headers_that_set_or_repeat_a_secret_are_removed() {
    let vault = open(&[own("header:x-api-key")], &["secret:KEY"]).await;
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("x-api-key", "a new one"),
        ("x-echo", "you sent sk-live-0123456789abcdef"),
        (
            "location",
            "https://api.example.com/?k=sk%2Dlive-0123456789abcdef",
        ),
        ("x-many", "harmless"),
        ("content-type", "text/plain"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.append("x-many", HeaderValue::from_static(VALUE));
    vault.redact_headers(&mut headers);
    let left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
    assert_eq!(left, ["content-type"]);
}

#[derive(Default)]
struct Records(Mutex<Vec<AuditRecord>>);

impl AuditSink for Records {
    fn record(&self, record: AuditRecord) {
        self.0.lock().unwrap().push(record);
    }
}

/// Letters alone, so that nothing else takes it for a token.
const WORDS: &str = "correct-horse-battery";

#[tokio::test]
async fn values_appear_in_no_record_log_denial_or_debug_output() {
    let vault = open_with(WORDS, &[own("bearer")], &["secret:KEY"])
        .await
        .unwrap();
    let shown = format!("{vault:?} {:?}", store(WORDS).await);
    assert!(shown.contains("KEY") && !shown.contains(WORDS), "{shown}");

    let records = Arc::new(Records::default());
    let grants = grants(&["secret:KEY"]);
    let access = crate::access::Access::new("p".parse().unwrap(), OWN, grants, records.clone());
    let told = Arc::new(Mutex::new(String::new()));
    let hears = Arc::clone(&told);
    let access = Arc::new(access.with_vault(vault));
    let caller = crate::access::Caller::watched(
        access,
        "call".into(),
        &[],
        Some(Arc::new(move |request, decision| {
            *hears.lock().unwrap() += &format!("{request:?} {decision:?}");
        })),
        None,
    );
    let url = format!("https://evil.example/{WORDS}/b");
    let request = portcullis_host_policy::request::Request::Http(get(&url));
    let denial = caller.decide(&request).unwrap_err();
    assert!(
        denial.to_string().contains(WORDS),
        "else this shows nothing"
    );
    caller.note(&Denial::new(DenyCode::SecretLeak, WORDS));
    let kept = format!("{:?} {:?}", caller.denials(), records.0.lock().unwrap());
    for text in [kept, told.lock().unwrap().clone()] {
        assert!(
            text.contains("evil.example") && !text.contains(WORDS),
            "{text}"
        );
    }

    let lines = Arc::new(crate::state::testing::Collected::default());
    let log = caller.access.vault.log(lines.clone());
    log.log(crate::log::LogLine {
        plugin: "p".parse().unwrap(),
        call_id: String::new(),
        level: crate::log::LogLevel::Info,
        message: format!("it is {WORDS}!"),
        fields: vec![("key".into(), WORDS.into())],
        source: crate::log::LogSource::Guest,
    });
    assert_eq!(lines.messages(), ["it is *********************!"]);
}
