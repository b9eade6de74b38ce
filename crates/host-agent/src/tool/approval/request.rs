//! What a person is shown before a tool is called.

use std::fmt;

use portcullis_host_core::{Blob, Capability, Chain, Plugin};
use portcullis_host_policy::capability::{Access, HttpRule, Methods};
use portcullis_host_policy::escape;

use super::super::shown::{self, Shown};
use super::super::{CallScope, CheckedCall, QualifiedName, ToolEntry};

/// How much of the arguments is shown: some pages. What is not shown is said.
const ARGUMENT_BYTES: usize = 16 * 1024;

/// A call that needs approval. Whatever a plugin's author or a model wrote in it is escaped, and marked as theirs.
///
/// Displayed as what a person is asked, over several lines.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ApprovalRequest {
    /// The tool.
    pub tool: QualifiedName,
    /// What its author calls it. Not to be trusted: it may say anything.
    pub title: Option<String>,
    /// The final arguments, as JSON over several lines.
    pub arguments: String,
    /// How many bytes of them are not in `arguments`, since there are too many.
    pub arguments_left_out: usize,
    /// The bytes that come with the call, by media type and size.
    pub attachments: Vec<(String, usize)>,
    /// Why approval is asked for.
    pub reasons: Vec<ApprovalReason>,
    /// All that the plugin may reach, in words that continue "it may …".
    pub may: Vec<String>,
    /// The plugins' calls that led to this one, where a plugin makes it.
    pub chain: Option<Chain>,
    /// The agent's session.
    pub session: Option<String>,
}

/// Why approval is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApprovalReason {
    /// The tool's author says that it changes or deletes something.
    Destructive,
    /// The plugin's grants let it do this.
    May(Capability),
    /// The plugin asks for this, and was not granted it.
    Ungranted(Capability),
}

impl ApprovalRequest {
    /// The request for a call; none where it needs no approval.
    ///
    /// A native tool needs it where its definition says `destructive`. A plugin's tool needs it for what the plugin may do, whatever
    /// its author says: annotations only add to the reasons.
    pub(super) fn of(checked: &CheckedCall, scope: &CallScope) -> Option<Self> {
        let entry = checked.entry();
        let reasons = reasons(entry);
        if reasons.is_empty() {
            return None;
        }
        let call = checked.call();
        let Shown { text, left_out } = shown::text(&pretty(&call.arguments), ARGUMENT_BYTES);
        let attachment = |blob: &Blob| (escape::line(&blob.media_type), blob.data.len());
        Some(Self {
            tool: entry.name().clone(),
            title: entry.title(),
            arguments: text,
            arguments_left_out: left_out,
            attachments: call.attachments.iter().map(attachment).collect(),
            reasons,
            may: entry.plugin().map_or_else(Vec::new, may),
            chain: scope.chain.clone(),
            session: scope.session.clone(),
        })
    }
}

fn pretty(arguments: &serde_json::Value) -> String {
    let pretty = format!("{arguments:#}");
    escape::json(&pretty).into_owned()
}

fn may(plugin: &Plugin) -> Vec<String> {
    let grants = plugin.grants();
    let words = grants.effective().iter().map(Capability::words);
    words
        .map(|words| escape::line(&words.to_string()))
        .collect()
}

fn reasons(entry: &ToolEntry) -> Vec<ApprovalReason> {
    let mut reasons = Vec::new();
    if entry.definition().says("destructive") {
        reasons.push(ApprovalReason::Destructive);
    }
    if let Some(plugin) = entry.plugin() {
        let grants = plugin.grants();
        let acting = grants.effective().iter().filter(|may| acts(may));
        reasons.extend(acting.cloned().map(ApprovalReason::May));
        let missing = plugin.missing().into_iter().cloned();
        reasons.extend(missing.map(ApprovalReason::Ungranted));
    }
    reasons
}

/// Whether a capability lets a call change something outside, spend something, or speak in another's name. What only reads does
/// not, nor what asks a person, who sees it, nor what hooks are granted, since no call of a tool does that.
fn acts(capability: &Capability) -> bool {
    match capability {
        Capability::Http(HttpRule::Public) => false,
        Capability::Http(HttpRule::Origin(rule)) => !Methods::default().covers(rule.methods),
        Capability::Fs(rule) => rule.access == Access::ReadWrite,
        Capability::Env(_)
        | Capability::State(_)
        | Capability::Retrieval(_)
        | Capability::Planner
        | Capability::Ask
        | Capability::Hook(_)
        | Capability::HookContent(_)
        | Capability::HookModify(_)
        | Capability::HookGate(_)
        | Capability::Args
        | Capability::Log
        | Capability::Clocks
        | Capability::Random => false,
        // Connections, secrets, models, other tools, actions, the terminal; and what came later.
        _ => true,
    }
}

impl fmt::Display for ApprovalReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Destructive => {
                f.write_str("its author says that it changes or deletes something")
            }
            Self::May(capability) => {
                write!(
                    f,
                    "it may {}",
                    escape::line(&capability.words().to_string())
                )
            }
            Self::Ungranted(capability) => {
                let asked = escape::line(&capability.words().to_string());
                write!(f, "it asks to {asked}, which it was not granted")
            }
        }
    }
}

impl fmt::Display for ApprovalRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "May {} be called?", self.tool)?;
        if let Some(title) = &self.title {
            write!(f, " Its author calls it {title:?}.")?;
        }
        if let Some(chain) = &self.chain {
            let chain = escape::line(&chain.to_string());
            write!(f, "\nPlugins ask for it: {chain} → {}", self.tool)?;
        }
        for reason in &self.reasons {
            write!(f, "\n- {reason}")?;
        }
        let known = |may: &&String| {
            let may = format!("it may {may}");
            !self.reasons.iter().any(|reason| reason.to_string() == may)
        };
        for also in self.may.iter().filter(known) {
            write!(f, "\n- it may also {also}")?;
        }
        write!(f, "\nArguments: {}", self.arguments)?;
        if self.arguments_left_out > 0 {
            let left_out = self.arguments_left_out;
            write!(f, "\nTHIS IS NOT ALL: {left_out} bytes more are not shown")?;
        }
        for (media_type, bytes) in &self.attachments {
            write!(f, "\nAttached: {bytes} bytes of {media_type}")?;
        }
        Ok(())
    }
}
