//! Plugins that call each other's tools, through the agent's registry.

use std::sync::{Arc, Weak};

use async_trait::async_trait;
use portcullis_host_core::{Chain, Invoke, Link, PluginId, ServiceCaller, ToolError, ToolOutput};
use serde_json::Value;

use crate::extension::Extensions;
use crate::tool::{
    Approvals, CallError, CallScope, Place, PreparedCall, QualifiedName, ToolCall, ToolRegistry,
};

/// `portcullis:tool/invoke` out of a [`ToolRegistry`]: the tools that plugins can be granted are those that it has when one of them
/// is called.
///
/// The host has decided that the caller may. The callee acts under its own grants, and where those need approval, the chain of
/// calls is shown to the approver. An answer for the rest of a session is not remembered here, since a plugin's call has none.
#[derive(Clone, Debug)]
pub struct RegistryInvoke {
    registry: Arc<ToolRegistry>,
    approvals: Arc<Approvals>,
    hooks: Option<Weak<Extensions>>,
}

impl RegistryInvoke {
    /// The tools of `registry`, each call of which `approvals` is asked for where it needs that.
    pub fn new(registry: Arc<ToolRegistry>, approvals: Arc<Approvals>) -> Self {
        Self {
            registry,
            approvals,
            hooks: None,
        }
    }

    /// Asks the handlers of `before-tool-call` too, as before a model's calls: what a gate stops there it stops here. The event
    /// belongs to no session, and to turn 0. The extensions are not kept.
    #[must_use]
    pub fn under_hooks(mut self, extensions: &Arc<Extensions>) -> Self {
        self.hooks = Some(Arc::downgrade(extensions));
        self
    }

    async fn ask(&self, call: &str, prepared: &mut PreparedCall) -> Result<(), CallError> {
        let Some(extensions) = self.hooks.as_ref().and_then(Weak::upgrade) else {
            return Ok(());
        };
        let table = Arc::clone(&extensions.snapshot().hooks);
        let nowhere = Place {
            session: "",
            turn: 0,
        };
        let passed = prepared
            .ask(extensions.hooks(), &table, nowhere, call)
            .await;
        match passed.cancelled {
            Some(cancelled) => Err(CallError::NotApproved {
                tool: prepared.entry().name().clone(),
                reason: Some(cancelled.reason),
            }),
            None => Ok(()),
        }
    }

    async fn make(
        &self,
        caller: &ServiceCaller,
        name: &QualifiedName,
        arguments: Value,
    ) -> Result<ToolOutput, CallError> {
        let call = ToolCall {
            arguments,
            attachments: Vec::new(),
        };
        let scope = CallScope {
            chain: Some(caller.chain.clone()),
            principal: caller.principal.clone(),
            services: caller.services.clone(),
            log: caller.log.clone(),
            ..CallScope::default()
        };
        let mut prepared = self.registry.snapshot().prepare_by_name(name, call)?;
        self.ask(&caller.call, &mut prepared).await?;
        let approved = prepared.check()?.approve(&self.approvals, scope).await?;
        approved.run().await
    }
}

#[async_trait]
impl Invoke for RegistryInvoke {
    async fn call(
        &self,
        caller: &ServiceCaller,
        plugin: &PluginId,
        tool: &str,
        arguments: Value,
    ) -> Result<ToolOutput, ToolError> {
        let name = callee(caller.chain.links(), plugin, tool)?;
        Ok(self.make(caller, &name, arguments).await?)
    }
}

/// The tool that is to be called, where it may come after these calls.
fn callee(links: &[Link], plugin: &PluginId, tool: &str) -> Result<QualifiedName, ToolError> {
    let refuse = |code, message| Err(ToolError::new(code, message));
    let name = match QualifiedName::of_plugin(plugin, tool) {
        Ok(name) => name,
        Err(error) => return refuse("not-found", error.to_string()),
    };
    if links.iter().any(|link| link.plugin == *plugin) {
        let message = format!(
            "{plugin} is at work already in the calls that led here, and a second call of it would go round in a circle"
        );
        return refuse("denied", message);
    }
    if links.len() >= Chain::DEPTH {
        let message = format!(
            "{} calls led here, and there are no more in a chain than that",
            Chain::DEPTH
        );
        return refuse("denied", message);
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> PluginId {
        text.parse().unwrap()
    }

    fn links(plugins: &[&str]) -> Vec<Link> {
        let link = |plugin: &&str| Link {
            plugin: id(plugin),
            what: "run".to_owned(),
        };
        plugins.iter().map(link).collect()
    }

    #[test]
    fn a_tool_of_another_plugin_is_named_in_full() {
        let name = callee(&links(&["org.one"]), &id("org.two"), "find").unwrap();
        assert_eq!(name.to_string(), "org.two/find");
    }

    #[test]
    fn no_plugin_is_entered_twice_in_a_chain() {
        for callee_id in ["org.one", "org.two"] {
            let error = callee(&links(&["org.one", "org.two"]), &id(callee_id), "find");
            let error = error.unwrap_err();
            assert_eq!(error.code, "denied");
            assert!(error.message.contains("circle"), "{error:?}");
        }
    }

    #[test]
    fn a_chain_has_an_end() {
        let plugins: Vec<_> = (0..Chain::DEPTH).map(|at| format!("org.p{at}")).collect();
        let plugins: Vec<_> = plugins.iter().map(String::as_str).collect();
        let next = id("org.next");
        assert!(callee(&links(&plugins[1..]), &next, "find").is_ok());
        let error = callee(&links(&plugins), &next, "find").unwrap_err();
        assert!(error.message.starts_with("8 calls"), "{error:?}");
    }

    #[test]
    fn native_tools_and_what_is_no_tool_can_not_be_invoked() {
        for (plugin, tool) in [("native", "shell"), ("org.two", "a b"), ("org.two", "")] {
            let error = callee(&links(&["org.one"]), &id(plugin), tool).unwrap_err();
            assert_eq!(error.code, "not-found");
        }
    }
}
