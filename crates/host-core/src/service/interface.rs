//! Interfaces of the embedder's own: functions that plugins can import, each behind a capability.

use std::fmt;
use std::sync::Arc;

use portcullis_host_policy::capability::Capability;
use portcullis_host_policy::request::Request;
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentNamedList, ComponentType, Lift, Linker, LinkerInstance, Lower};

use super::ServiceCaller;
use crate::error::Error;
use crate::state::State;

/// What a function of an embedder's own gives, as the contract's `result<T, string>`.
pub type HostResult<T> = Result<T, String>;

type Link = dyn Fn(&mut LinkerInstance<'_, State>) -> wasmtime::Result<()> + Send + Sync;

/// An interface that an embedder offers to plugins, beside those of the contract.
///
/// Its functions are typed `func` in WIT, not `async func`, so that every toolchain can import them; the host serves them
/// asynchronously all the same. Each gives a `result` whose error is a string: a plugin that was not granted the capability
/// gets `denied` there, and the operator what would allow it.
///
/// ```
/// use portcullis_host_core::{Host, HostInterface, HostResult, ServiceCaller};
///
/// // interface invoices { total: func(month: string) -> result<u64, string>; }
/// async fn total(_: ServiceCaller, (month,): (String,)) -> HostResult<u64> {
///     match month.as_str() {
///         "2026-11" => Ok(4_200),
///         _ => Err(format!("there are no invoices of {month}")),
///     }
/// }
///
/// let invoices = HostInterface::new("acme:billing/invoices@1.0.0", "host:billing".parse()?)
///     .function("total", total);
/// let host = Host::builder().no_cache().no_audit().interface(invoices).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct HostInterface {
    name: String,
    capability: Capability,
    functions: Vec<(String, Arc<Link>)>,
}

impl HostInterface {
    /// An interface, as plugins import it – with its package and version, such as `acme:billing/invoices@1.0.0` – and what a
    /// plugin has to be granted to use it, mostly `host:NAME`.
    pub fn new(name: impl Into<String>, capability: Capability) -> Self {
        Self {
            name: name.into(),
            capability,
            functions: Vec::new(),
        }
    }

    /// Adds a function. Its parameters are a tuple; a type of one's own derives wasmtime's `ComponentType`, `Lift` and `Lower`.
    #[must_use]
    pub fn function<P, T, F, A>(mut self, name: &str, function: F) -> Self
    where
        P: ComponentNamedList + Lift + Send + 'static,
        T: ComponentType + Lower + Send + 'static,
        F: Fn(ServiceCaller, P) -> A + Send + Sync + 'static,
        A: Future<Output = HostResult<T>> + Send + 'static,
    {
        let (function, needed) = (Arc::new(function), Request::Use(self.capability.clone()));
        let own_name = name.to_owned();
        let link = move |linker: &mut LinkerInstance<'_, State>| {
            let (function, needed) = (Arc::clone(&function), needed.clone());
            linker.func_wrap_async(
                &own_name,
                move |mut store: StoreContextMut<'_, State>, parameters: P| {
                    let begun = begin(store.data_mut(), &needed);
                    let aside = store.data().call.aside.clone();
                    let function = Arc::clone(&function);
                    Box::new(async move {
                        Ok((match begun? {
                            Ok(caller) => aside.run(function(caller, parameters)).await?,
                            Err(denied) => Err(denied),
                        },))
                    })
                },
            )
        };
        self.functions.push((name.to_owned(), Arc::new(link)));
        self
    }

    /// Its name, with package and version.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it has a function of this name.
    pub(crate) fn has(&self, function: &str) -> bool {
        self.functions.iter().any(|(name, _)| name == function)
    }

    pub(crate) fn link(&self, linker: &mut Linker<State>) -> Result<(), Error> {
        let unusable = |error: wasmtime::Error| {
            Error::host(format!(
                "the interface {} can't be offered: {error:#}",
                self.name
            ))
        };
        let mut instance = linker.instance(&self.name).map_err(unusable)?;
        for (_, link) in &self.functions {
            link(&mut instance).map_err(unusable)?;
        }
        Ok(())
    }
}

/// Counts the call and decides on it.
fn begin(state: &mut State, needed: &Request) -> wasmtime::Result<HostResult<ServiceCaller>> {
    state.call.spend(0)?;
    Ok(match state.call.caller.decide(needed) {
        Ok(_) => Ok(state.service_caller()),
        Err(denial) => Err(denial.code.guest().as_str().to_owned()),
    })
}

impl fmt::Debug for HostInterface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostInterface")
            .field("name", &self.name)
            .field("capability", &self.capability)
            .finish_non_exhaustive()
    }
}
