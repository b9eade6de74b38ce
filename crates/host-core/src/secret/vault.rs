//! What one loaded plugin holds of secrets: bound by the operator to its identity, and granted.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use portcullis_host_policy::Identity;
use portcullis_host_policy::capability::Capability;
use portcullis_host_policy::decision::{Decision, Grants, decide};
use portcullis_host_policy::request::{HttpRequest, Request};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::forms::Forms;
use super::{Binding, Placement, Redactor, Scanner, SecretError, SecretName, SecretStore};

/// Everything but unreserved characters (RFC 3986, 2.3).
const IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The secrets of one loaded plugin, and how they are added, looked for and taken out.
pub(crate) struct Vault {
    held: Vec<Held>,
    bound: Vec<Bound>,
    /// What the operator bound to this plugin and did not grant.
    withheld: Vec<Binding>,
    forms: Option<Arc<Forms>>,
    /// The same, and what the plugin was handed as settings: for what is written about it.
    written: Option<Arc<Forms>>,
}

/// A secret that the plugin may use.
struct Held {
    name: SecretName,
    value: SecretString,
    /// The plugin may see it.
    revealed: bool,
}

/// A binding, and what it adds to a request.
struct Bound {
    binding: Binding,
    /// The place of its secret in [`Vault::held`].
    held: usize,
    addition: Addition,
}

enum Addition {
    Header(HeaderName, HeaderValue),
    Query(String, Zeroizing<String>),
}

impl Vault {
    /// No secrets.
    pub(crate) fn empty() -> Self {
        Self {
            held: Vec::new(),
            bound: Vec::new(),
            withheld: Vec::new(),
            forms: None,
            written: None,
        }
    }

    /// The secrets that `grants` lets the plugin of this identity use. The store is asked for those and no other.
    ///
    /// # Errors
    /// Where a secret is missing, can't be read, or can't be sent as it is bound.
    pub(crate) async fn open(
        store: Option<&dyn SecretStore>,
        bindings: &[Binding],
        identity: Identity,
        grants: &Grants,
    ) -> Result<Self, SecretError> {
        let mut vault = Self::empty();
        let allowed = |capability| allows(grants, capability);
        let own = |binding: &&Binding| binding.identity == identity;
        for binding in bindings.iter().filter(own) {
            if !allowed(Capability::Secret(binding.secret.clone())) {
                vault.withheld.push(binding.clone());
                continue;
            }
            let held = vault.hold(store, &binding.secret).await?;
            vault.bind(binding, held)?;
        }
        let effective = grants.effective().iter();
        for capability in effective.filter(|capability| allowed((*capability).clone())) {
            if let Capability::SecretReveal(name) = capability {
                let held = vault.hold(store, name).await?;
                vault.held[held].revealed = true;
            }
        }
        vault.forms = vault.forms_with(&[])?;
        vault.written = vault.forms.clone();
        Ok(vault)
    }

    /// Keeps these values out of what is written about the plugin. It has them and may send them as it likes: they are settings.
    ///
    /// # Errors
    /// Where they are too many to be looked for.
    pub(crate) fn hide(&mut self, values: &[&str]) -> Result<(), SecretError> {
        if !values.is_empty() {
            self.written = self.forms_with(values)?;
        }
        Ok(())
    }

    fn forms_with(&self, more: &[&str]) -> Result<Option<Arc<Forms>>, SecretError> {
        let texts = self.texts();
        let own = texts.iter().map(|(held, text)| (*held, text.as_str()));
        let more = more.iter().map(|value| (self.held.len(), *value));
        Ok(Forms::of(own.chain(more))?.map(Arc::new))
    }

    async fn hold(
        &mut self,
        store: Option<&dyn SecretStore>,
        name: &SecretName,
    ) -> Result<usize, SecretError> {
        if let Some(at) = self.held.iter().position(|held| held.name == *name) {
            return Ok(at);
        }
        let name = name.clone();
        let Some(store) = store else {
            return Err(SecretError::NoStore { name });
        };
        let Some(value) = store.get(&name).await? else {
            return Err(SecretError::Missing { name });
        };
        super::check_value(&name, &value)?;
        self.held.push(Held {
            name,
            value,
            revealed: false,
        });
        Ok(self.held.len() - 1)
    }

    fn bind(&mut self, binding: &Binding, held: usize) -> Result<(), SecretError> {
        if let Some(other) = self
            .bound
            .iter()
            .find(|other| other.binding.conflicts(binding))
        {
            return Err(SecretError::Conflict {
                first: Box::new(other.binding.clone()),
                second: Box::new(binding.clone()),
            });
        }
        let addition = addition(&binding.placement, &self.held[held].value).map_err(|rule| {
            SecretError::Unsendable {
                name: binding.secret.clone(),
                placement: binding.placement.to_string(),
                rule,
            }
        })?;
        self.bound.push(Bound {
            binding: binding.clone(),
            held,
            addition,
        });
        Ok(())
    }

    /// What is looked for, each with its secret's place: the values, and the passwords of those that are sent as `basic`.
    fn texts(&self) -> Vec<(usize, Zeroizing<String>)> {
        let mut texts: Vec<_> = (self.held.iter().enumerate())
            .map(|(at, held)| (at, Zeroizing::new(held.value.expose_secret().to_owned())))
            .collect();
        for bound in &self.bound {
            let value = self.held[bound.held].value.expose_secret();
            if let (Placement::Basic, Some((_, password))) =
                (&bound.binding.placement, value.split_once(':'))
            {
                texts.push((bound.held, Zeroizing::new(password.to_owned())));
            }
        }
        texts
    }

    /// What is looked for, where there is something.
    pub(super) fn forms(&self) -> Option<Arc<Forms>> {
        self.forms.clone()
    }

    /// What is taken out of what is written, where there is something.
    pub(super) fn written(&self) -> Option<Arc<Forms>> {
        self.written.clone()
    }

    /// Whether there is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Whether a secret of this name is bound to the plugin, or may be seen by it.
    pub(crate) fn exists(&self, name: &SecretName) -> bool {
        self.held.iter().any(|held| held.name == *name)
    }

    /// The value, where the plugin may see it.
    pub(crate) fn reveal(&self, name: &SecretName) -> Option<&SecretString> {
        let held = self.held.iter().find(|held| held.name == *name)?;
        held.revealed.then_some(&held.value)
    }

    /// Whether some secret is bound to this header: the plugin may not set it, whatever the request.
    pub(crate) fn reserves(&self, header: &HeaderName) -> bool {
        let names = self.bound.iter().map(|bound| &bound.binding.placement);
        names
            .filter_map(Placement::header)
            .any(|name| name == header)
    }

    /// What looks for values in a request; none where there is nothing to look for.
    ///
    /// A value that the plugin may see may also be sent by it, to where that secret is bound and nowhere else.
    pub(crate) fn scanner(&self, request: &HttpRequest) -> Option<Scanner> {
        let covering = self.covering(request).map(|bound| bound.held);
        let allowed = covering.filter(|&held| self.held[held].revealed);
        Some(Scanner::new(self.forms()?, allowed.collect()))
    }

    /// The secrets that are bound to this request, those that were not granted among them: each is to be decided on.
    pub(crate) fn bound_to(&self, request: &HttpRequest) -> impl Iterator<Item = &SecretName> {
        let withheld = self
            .withheld
            .iter()
            .filter(|binding| binding.covers(request));
        let bound = self.covering(request).map(|bound| &bound.binding);
        bound.chain(withheld).map(|binding| &binding.secret)
    }

    /// Adds the secrets that are bound to this request, over whatever stands there.
    pub(crate) fn inject(
        &self,
        request: &HttpRequest,
        headers: &mut http::HeaderMap,
        query: &mut Option<String>,
    ) {
        for bound in self.covering(request) {
            match &bound.addition {
                Addition::Header(name, value) => {
                    headers.insert(name, value.clone());
                }
                Addition::Query(name, value) => set_parameter(query, name, value),
            }
        }
    }

    /// What takes values out of a response's body; none where there is nothing to look for.
    pub(crate) fn redactor(&self) -> Option<Redactor> {
        Some(Redactor::new(self.forms()?))
    }

    /// Removes the headers of a response that set a secret or repeat it.
    pub(crate) fn redact_headers(&self, headers: &mut http::HeaderMap) {
        let Some(forms) = &self.forms else {
            return;
        };
        let found = |name: &HeaderName, value: &HeaderValue| {
            forms.occur_in(name.as_str().as_bytes()) || forms.occur_in(value.as_bytes())
        };
        let removed: Vec<_> = (headers.iter())
            .filter(|(name, value)| self.reserves(name) || found(name, value))
            .map(|(name, _)| name.clone())
            .collect();
        for name in removed {
            headers.remove(name);
        }
    }

    fn covering(&self, request: &HttpRequest) -> impl Iterator<Item = &Bound> {
        self.bound
            .iter()
            .filter(|bound| bound.binding.covers(request))
    }
}

/// The names, and no value.
impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.held.iter().map(|held| held.name.as_str());
        f.debug_set().entries(names).finish()
    }
}

fn allows(grants: &Grants, capability: Capability) -> bool {
    matches!(
        decide(grants, &Request::Use(capability)),
        Decision::Allow(_)
    )
}

/// What is sent, or the rule by which it can't be.
fn addition(placement: &Placement, value: &SecretString) -> Result<Addition, &'static str> {
    let value = value.expose_secret();
    let text = match placement {
        Placement::Bearer => Zeroizing::new(format!("Bearer {value}")),
        Placement::Basic if !value.contains(':') => return Err("the value is not `user:password`"),
        Placement::Basic => Zeroizing::new(format!("Basic {}", STANDARD.encode(value))),
        Placement::Header(_) => Zeroizing::new(value.to_owned()),
        Placement::Query(name) => {
            let encoded = utf8_percent_encode(value, IN_QUERY).to_string();
            return Ok(Addition::Query(name.to_string(), Zeroizing::new(encoded)));
        }
    };
    // A server would drop or refuse spaces at the ends, and line ends start another header.
    if !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) || text.trim() != text.as_str() {
        return Err(
            "a header holds visible ASCII characters on one line, with no space around them",
        );
    }
    let name = match placement {
        Placement::Header(name) => HeaderName::from_bytes(name.as_str().as_bytes()),
        _ => Ok(AUTHORIZATION),
    };
    let (Ok(name), Ok(mut value)) = (name, HeaderValue::from_str(&text)) else {
        return Err("it is no header");
    };
    value.set_sensitive(true);
    Ok(Addition::Header(name, value))
}

/// Sets a parameter; others of the name go, however they are spelled.
fn set_parameter(query: &mut Option<String>, name: &str, value: &str) {
    let is_other = |pair: &&str| {
        let own = pair.split_once('=').map_or(*pair, |(own, _)| own);
        !own.is_empty() && percent_decode_str(own).ne(name.bytes())
    };
    let own = format!("{name}={value}");
    let others = query
        .iter()
        .flat_map(|query| query.split('&'))
        .filter(is_other);
    *query = Some(others.chain([own.as_str()]).collect::<Vec<_>>().join("&"));
}
