//! Audit: one JSON object for each decision, and for each load.
//!
//! The shape is published as `schema/audit-record.json` and only grows: readers skip what they don't know. A record
//! never holds an argument, a body, a query or a secret.
//!
//! ```
//! use std::time::{Duration, SystemTime};
//! use portcullis_host_policy::audit::{AuditRecord, Subject};
//! use portcullis_host_policy::decision::{Grants, decide};
//! use portcullis_host_policy::request::{HttpRequest, Request};
//! use portcullis_host_policy::Identity;
//!
//! let subject = Subject { plugin: "org.example.weather".into(), identity: Identity::Digest([0; 32]), call: Some("7".into()) };
//! let request = Request::Http(HttpRequest::parse("GET", "https://api.example.com/v1?key=hush")?);
//! let decision = decide(&Grants::none(), &request);
//! let record = AuditRecord::new(SystemTime::UNIX_EPOCH, &subject, &request, &decision, Duration::from_micros(2));
//! let line = serde_json::to_string(&record)?;
//! assert!(line.starts_with(r#"{"time":"1970-01-01T00:00:00.000Z","plugin":"org.example.weather","identity":"sha256:00"#));
//! assert!(line.contains(r#""capability":"http","decision":"deny","code":"not-granted""#) && !line.contains("hush"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use schemars::JsonSchema;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::Digest;
use crate::capability::{Capability, Method};
use crate::decision::{Decision, Denial, DenyCode};
use crate::identity::Identity;
use crate::request::Request;
use crate::trust::KeyId;

/// Who asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// What the plugin calls itself: its id, or the file's name where it has none.
    pub plugin: String,
    /// Who it is.
    pub identity: Identity,
    /// The call, where there is one.
    pub call: Option<String>,
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It may.
    Allow,
    /// It may not.
    Deny,
}

/// One decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct AuditRecord {
    /// When, in UTC, to the millisecond.
    #[serde(with = "rfc3339")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub time: SystemTime,
    /// What the plugin calls itself.
    pub plugin: String,
    /// Who it is: `signed:` or `sha256:` and 64 hexadecimal digits.
    #[schemars(with = "String", regex(pattern = r"^(signed|sha256):[0-9a-f]{64}$"))]
    pub identity: Identity,
    /// The call in which it asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// The word that a capability for it starts with, or `lookup`, or `load`.
    pub capability: String,
    /// What was decided.
    pub decision: Verdict,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub code: Option<DenyCode>,
    /// The rule of the grant by which it may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub rule: Option<Capability>,
    /// What it asked for, without query and tokens.
    pub request: String,
    /// Why not, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The request's parts, where it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpDetails>,
    /// What was loaded, where the record is of a load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<LoadDetails>,
    /// The addresses that were vetted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub addresses: Vec<IpAddr>,
    /// A digest of arguments or body under the host's own key: equal contents can be told, and nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// How long it took, in microseconds: the decision alone, or the request where one was sent.
    pub duration_us: u64,
    /// How many like it this record stands for: a flood of denials is folded, allowances never are.
    pub count: u64,
}

/// The parts of an HTTP request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct HttpDetails {
    /// The method.
    #[schemars(with = "String")]
    pub method: Method,
    /// Scheme, host and port.
    pub origin: String,
    /// The path, with what looks like a token taken out.
    pub path: String,
    /// Bytes sent, once that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_out: Option<u64>,
    /// Bytes received, once that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_in: Option<u64>,
}

/// What was loaded: one line of a bill of materials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct LoadDetails {
    /// Its version, where it has a manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub version: Option<Version>,
    /// Its bytes: `sha256:` and 64 hexadecimal digits.
    #[schemars(with = "String", regex(pattern = r"^sha256:[0-9a-f]{64}$"))]
    pub digest: Digest,
    /// The key that vouched for it, where signatures counted: 64 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub key: Option<KeyId>,
}

/// Stands where records are missing: there was no room for them, or they could not be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DroppedRecords {
    /// When that was noticed.
    #[serde(with = "rfc3339")]
    pub time: SystemTime,
    /// What was decided in all of them.
    pub decision: Verdict,
    /// How many they were.
    pub dropped: u64,
}

impl AuditRecord {
    /// The record of one decision.
    pub fn new(
        time: SystemTime,
        subject: &Subject,
        request: &Request,
        decision: &Decision,
        duration: Duration,
    ) -> Self {
        let (verdict, rule, denial) = match decision {
            Decision::Allow(rule) => (Verdict::Allow, Some(rule.clone()), None),
            Decision::Deny(denial) => (Verdict::Deny, None, Some(denial)),
        };
        let http = match request {
            Request::Http(request) => Some(HttpDetails {
                method: request.method(),
                origin: request.origin(),
                path: request.redacted_path(),
                bytes_out: None,
                bytes_in: None,
            }),
            _ => None,
        };
        Self {
            time,
            plugin: subject.plugin.clone(),
            identity: subject.identity,
            call: subject.call.clone(),
            capability: request.kind().to_owned(),
            decision: verdict,
            code: denial.map(|denial| denial.code),
            rule,
            request: request.to_string(),
            reason: denial.map(|denial| denial.reason.clone()),
            http,
            load: None,
            addresses: Vec::new(),
            digest: None,
            duration_us: u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
            count: 1,
        }
    }

    /// The record of a request that can't be read, and so can't be shown: what it is about, and the rule that it breaks.
    pub fn unreadable(time: SystemTime, subject: &Subject, about: &str, denial: &Denial) -> Self {
        Self {
            time,
            plugin: subject.plugin.clone(),
            identity: subject.identity,
            call: subject.call.clone(),
            capability: about.to_owned(),
            decision: Verdict::Deny,
            code: Some(denial.code),
            rule: None,
            request: "a request that can't be read".to_owned(),
            reason: Some(denial.reason.clone()),
            http: None,
            load: None,
            addresses: Vec::new(),
            digest: None,
            duration_us: 0,
            count: 1,
        }
    }

    /// The record of a load, which is allowed unless there is a reason why not.
    pub fn of_load(
        time: SystemTime,
        subject: &Subject,
        load: LoadDetails,
        refused: Option<String>,
        duration: Duration,
    ) -> Self {
        let version = load.version.as_ref();
        let version = version.map_or_else(String::new, |version| format!(" {version}"));
        Self {
            time,
            plugin: subject.plugin.clone(),
            identity: subject.identity,
            call: subject.call.clone(),
            capability: "load".to_owned(),
            decision: match refused {
                None => Verdict::Allow,
                Some(_) => Verdict::Deny,
            },
            code: None,
            rule: None,
            request: format!("load {}{version} {}", subject.plugin, load.digest),
            reason: refused,
            http: None,
            load: Some(load),
            addresses: Vec::new(),
            digest: None,
            duration_us: u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
            count: 1,
        }
    }

    /// Whether `later` is the same denial again, so that it need only be counted.
    pub fn folds(&self, later: &Self) -> bool {
        self.decision == Verdict::Deny
            && later.decision == Verdict::Deny
            && self.identity == later.identity
            && self.code == later.code
            && self.call == later.call
            && self.request == later.request
    }

    /// The published JSON Schema of a record, as text that ends with a line's end.
    pub fn schema() -> String {
        let schema = schemars::schema_for!(Self);
        // A schema is a JSON value, and a JSON value can always be written.
        serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n"
    }
}

mod rfc3339 {
    use std::time::{Duration, SystemTime};

    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    /// The last second of the year 9999, after which the format ends.
    const LAST: Duration = Duration::from_secs(253_402_300_799);

    pub(super) fn serialize<S: Serializer>(
        time: &SystemTime,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        // A clock that is far off must not cost the record.
        let since = time
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default()
            .min(LAST);
        serializer.collect_str(&humantime::format_rfc3339_millis(
            SystemTime::UNIX_EPOCH + since,
        ))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<SystemTime, D::Error> {
        let text = String::deserialize(deserializer)?;
        humantime::parse_rfc3339(&text).map_err(D::Error::custom)
    }
}
