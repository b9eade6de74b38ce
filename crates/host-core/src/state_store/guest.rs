//! The store as guests see it, in both its interfaces: `portcullis:host/state` and `state-sync`.

use std::sync::Arc;

use portcullis_host_policy::Identity;
use portcullis_host_policy::capability::Capability;
use portcullis_host_policy::decision::{CapabilitySet, Denial, DenyCode, Grants, GuestCode};
use portcullis_host_policy::request::Request;
use wasmtime::Result;
use wasmtime::component::{Accessor, HasSelf};

use super::{StateError, StateWrite};
use crate::access::Caller;
use crate::bindings::v0_1::portcullis::host::host_types::{Entry, HostError};
use crate::bindings::v0_1::portcullis::host::{state, state_sync};
use crate::log::{LogLevel, LogLine, LogSource};
use crate::state::{Owner, State};

/// What was decided on state in a call, and on what grounds: asked once, and again when the grants are others.
pub(crate) struct Permission {
    grants: Arc<Grants>,
    quota: std::result::Result<u64, GuestCode>,
}

/// A plugin's own store, for one use in one call.
struct Shelf {
    owner: Arc<Owner>,
    /// Whose entries they are.
    identity: Identity,
    caller: Arc<Caller>,
    quota: u64,
}

type Answer<T> = std::result::Result<T, HostError>;

impl State {
    /// The plugin's store, if it may use it. Counts the host call and what it carries.
    fn shelf(&mut self, bytes: usize) -> Result<Answer<Shelf>> {
        self.call.spend(bytes)?;
        let grants = self.call.caller.grants();
        let known = self.call.state_permission.as_ref();
        let quota = match known.filter(|known| Arc::ptr_eq(&known.grants, &grants)) {
            Some(known) => known.quota,
            None => {
                let quota = self.state_quota(&grants);
                self.call.state_permission = Some(Permission { grants, quota });
                quota
            }
        };
        let identity = self.owner.access.identity;
        let principal = self.call.principal.as_deref();
        Ok(quota.map_err(refused).map(|quota| Shelf {
            owner: Arc::clone(&self.owner),
            identity: principal.map_or(identity, |principal| identity.on_behalf_of(principal)),
            caller: Arc::clone(&self.call.caller),
            quota,
        }))
    }

    fn state_quota(&self, grants: &Grants) -> std::result::Result<u64, GuestCode> {
        let wanted = wanted(grants);
        let quota = match &wanted {
            Capability::State(Some(bytes)) => *bytes,
            _ => self.owner.state_bytes,
        };
        let decided = self.call.caller.decide(&Request::Use(wanted));
        decided.map(|_| quota).map_err(|denial| denial.code.guest())
    }
}

/// The most that is granted; what the manifest asks for where that is nothing; else state as such.
fn wanted(grants: &Grants) -> Capability {
    let most = |rules: &[Capability]| {
        let states = rules
            .iter()
            .filter(|rule| matches!(rule, Capability::State(_)));
        states
            .cloned()
            .reduce(|most, rule| if rule.covers(&most) { rule } else { most })
    };
    let requested = match grants.requested() {
        CapabilitySet::Only(rules) => most(rules),
        CapabilitySet::All => None,
    };
    most(grants.effective())
        .or(requested)
        .unwrap_or(Capability::State(None))
}

impl Shelf {
    async fn get(&self, key: String) -> Answer<Option<Entry>> {
        let found = self.owner.state_store.get(self.identity, &key).await;
        let entry = found.map_err(|error| self.failed(&error))?;
        Ok(entry.map(|entry| Entry {
            value: entry.value,
            version: entry.version,
        }))
    }

    async fn set(&self, key: String, value: Vec<u8>, expected: Option<String>) -> Answer<String> {
        let write = StateWrite {
            key,
            value,
            expected,
            quota: self.quota,
        };
        let version = self.owner.state_store.set(self.identity, write).await;
        version.map_err(|error| self.failed(&error))
    }

    async fn delete(&self, key: String) -> Answer<()> {
        let deleted = self.owner.state_store.delete(self.identity, &key).await;
        deleted.map_err(|error| self.failed(&error))
    }

    async fn keys(&self, prefix: String, limit: u32) -> Answer<Vec<String>> {
        let keys = (self.owner.state_store)
            .keys(self.identity, &prefix, limit)
            .await;
        keys.map_err(|error| self.failed(&error))
    }

    /// What the guest is told: of what is the host's to put right, no more than that. The operator gets the rest.
    fn failed(&self, error: &StateError) -> HostError {
        let (code, retryable) = match error {
            StateError::Conflict => ("conflict", true),
            StateError::Invalid { .. } => ("invalid", false),
            StateError::QuotaExceeded { quota } => {
                let request = Request::Use(Capability::State(Some(*quota)));
                let denial = Denial::new(DenyCode::OverLimit, error.to_string());
                return refused(self.caller.refuse(&request, denial).code.guest());
            }
            StateError::Unavailable { .. } | StateError::Damaged { .. } => {
                self.owner.log.log(LogLine {
                    plugin: self.owner.id.clone(),
                    call_id: self.caller.call.to_string(),
                    level: LogLevel::Warn,
                    message: format!("state: {error}"),
                    fields: Vec::new(),
                    source: LogSource::Host,
                });
                return HostError {
                    code: "unavailable".to_owned(),
                    message: "the store can't be used now".to_owned(),
                    retryable: matches!(error, StateError::Unavailable { .. }),
                };
            }
        };
        HostError {
            code: code.to_owned(),
            message: error.to_string(),
            retryable,
        }
    }
}

fn refused(code: GuestCode) -> HostError {
    let message = match code {
        GuestCode::QuotaExceeded => "the store is full",
        _ => "state is not granted",
    };
    HostError {
        code: code.as_str().to_owned(),
        message: message.to_owned(),
        retryable: false,
    }
}

/// Bytes that an answer carries to the guest.
trait Carried: Send {
    fn bytes(&self) -> usize;
}

impl Carried for () {
    fn bytes(&self) -> usize {
        0
    }
}

impl Carried for String {
    fn bytes(&self) -> usize {
        self.len()
    }
}

impl Carried for Vec<String> {
    fn bytes(&self) -> usize {
        self.iter().map(String::len).sum()
    }
}

impl Carried for Option<Entry> {
    fn bytes(&self) -> usize {
        let entry = self.as_ref();
        entry.map_or(0, |entry| entry.value.len() + entry.version.len())
    }
}

/// Uses the store from the interface whose functions are async.
async fn concurrently<T: Carried, F: Future<Output = Answer<T>> + Send>(
    accessor: &Accessor<State, HasSelf<State>>,
    bytes: usize,
    work: impl FnOnce(Shelf) -> F + Send,
) -> Result<Answer<T>> {
    let answer = match accessor.with(|mut access| access.get().shelf(bytes))? {
        Ok(shelf) => work(shelf).await,
        Err(refused) => Err(refused),
    };
    if let Ok(answer) = &answer {
        accessor.with(|mut access| access.get().call.spend_bytes(answer.bytes()))?;
    }
    Ok(answer)
}

impl state::Host for State {}

impl state::HostWithStore<State> for HasSelf<State> {
    async fn get(accessor: &Accessor<State, Self>, key: String) -> Result<Answer<Option<Entry>>> {
        concurrently(
            accessor,
            key.len(),
            |shelf| async move { shelf.get(key).await },
        )
        .await
    }

    async fn set(
        accessor: &Accessor<State, Self>,
        key: String,
        value: Vec<u8>,
        expected: Option<String>,
    ) -> Result<Answer<String>> {
        let bytes = key.len() + value.len();
        concurrently(accessor, bytes, |shelf| async move {
            shelf.set(key, value, expected).await
        })
        .await
    }

    async fn delete(accessor: &Accessor<State, Self>, key: String) -> Result<Answer<()>> {
        concurrently(accessor, key.len(), |shelf| async move {
            shelf.delete(key).await
        })
        .await
    }

    async fn keys(
        accessor: &Accessor<State, Self>,
        prefix: String,
        limit: u32,
    ) -> Result<Answer<Vec<String>>> {
        concurrently(accessor, prefix.len(), |shelf| async move {
            shelf.keys(prefix, limit).await
        })
        .await
    }
}

impl State {
    /// Uses the store from the interface whose functions are typed sync: the guest waits, the host does not.
    async fn in_turn<T: Carried, F: Future<Output = Answer<T>> + Send>(
        &mut self,
        bytes: usize,
        work: impl FnOnce(Shelf) -> F + Send,
    ) -> Result<Answer<T>> {
        let answer = match self.shelf(bytes)? {
            Ok(shelf) => work(shelf).await,
            Err(refused) => Err(refused),
        };
        if let Ok(answer) = &answer {
            self.call.spend_bytes(answer.bytes())?;
        }
        Ok(answer)
    }
}

impl state_sync::Host for State {
    async fn get(&mut self, key: String) -> Result<Answer<Option<Entry>>> {
        self.in_turn(key.len(), |shelf| async move { shelf.get(key).await })
            .await
    }

    async fn set(
        &mut self,
        key: String,
        value: Vec<u8>,
        expected: Option<String>,
    ) -> Result<Answer<String>> {
        self.in_turn(key.len() + value.len(), |shelf| async move {
            shelf.set(key, value, expected).await
        })
        .await
    }

    async fn delete(&mut self, key: String) -> Result<Answer<()>> {
        self.in_turn(key.len(), |shelf| async move { shelf.delete(key).await })
            .await
    }

    async fn keys(&mut self, prefix: String, limit: u32) -> Result<Answer<Vec<String>>> {
        self.in_turn(prefix.len(), |shelf| async move {
            shelf.keys(prefix, limit).await
        })
        .await
    }
}
