//! What a plugin may do in an agent: hooks, actions, other plugins' tools.

use std::fmt;

use super::error::{CapabilityError, CapabilityErrorKind as Kind, Piece};
use super::name::Glob;
use crate::id::PluginId;
use crate::report;

/// The points of an agent's life at which hooks run. The list grows with the host.
pub const HOOK_POINTS: &[&str] = &[
    "gateway-start",
    "gateway-stop",
    "session-start",
    "session-end",
    "before-agent-start",
    "before-model-resolve",
    "before-prompt-build",
    "before-llm-call",
    "llm-input",
    "llm-output",
    "before-tool-call",
    "after-tool-call",
    "tool-result-persist",
    "before-compaction",
    "after-compaction",
    "message-received",
    "message-sending",
    "message-sent",
    "prepare-next-turn",
    "should-stop-after-turn",
    "heartbeat",
];

/// The kinds of action that a hook may ask for. The list grows with the host.
pub const ACTION_KINDS: &[&str] = &[
    "switch-role",
    "switch-model",
    "set-system-prompt",
    "set-active-tools",
    "inject-user-message",
    "stop-after-turn",
    "emit-custom",
    "set-ui-header",
    "set-ui-status",
];

/// One of [`HOOK_POINTS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HookPoint(&'static str);

/// One of [`ACTION_KINDS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionKind(&'static str);

fn published(
    piece: Piece<'_>,
    known: &'static [&'static str],
    rule: &'static str,
) -> Result<&'static str, CapabilityError> {
    known
        .iter()
        .copied()
        .find(|name| *name == piece.text())
        .ok_or_else(|| {
            let failure = piece.fail(Kind::Name, rule);
            match report::nearest(piece.text(), known.iter().copied()) {
                Some(near) => failure.suggest_instead(near),
                None => failure,
            }
        })
}

impl HookPoint {
    /// The point's name.
    pub fn as_str(self) -> &'static str {
        self.0
    }

    pub(super) fn parse(piece: Piece<'_>) -> Result<Self, CapabilityError> {
        published(
            piece,
            HOOK_POINTS,
            "a hook runs at one of the points that this host publishes",
        )
        .map(Self)
    }
}

impl fmt::Display for HookPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Display for ActionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl ActionKind {
    /// The kind's name.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

/// What stands after `action:`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionRule {
    /// The kind of action.
    pub kind: ActionKind,
    /// What it may be done to – a model, a role, a tool; none is anything.
    pub target: Option<Glob>,
}

impl ActionRule {
    pub(super) fn parse(piece: Piece<'_>) -> Result<Self, CapabilityError> {
        let (kind, target) = piece
            .split_once(":")
            .map_or((piece, None), |(kind, target)| (kind, Some(target)));
        let kind = published(
            kind,
            ACTION_KINDS,
            "an action is of one of the kinds that this host publishes",
        )?;
        Ok(Self {
            kind: ActionKind(kind),
            target: target.map(Glob::parse).transpose()?,
        })
    }

    /// What both allow.
    pub(crate) fn and(&self, other: &Self) -> Option<Self> {
        let target = glob_and(&self.target, &other.target)?;
        (self.kind == other.kind).then_some(Self {
            kind: self.kind,
            target,
        })
    }

    /// Whether every action that `other` allows, this rule allows too.
    pub fn covers(&self, other: &Self) -> bool {
        self.kind == other.kind && glob_covers(&self.target, &other.target)
    }
}

impl fmt::Display for ActionRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        match &self.target {
            Some(target) => write!(f, ":{target}"),
            None => Ok(()),
        }
    }
}

/// What both patterns match, where one that is left out matches everything; none where that is nothing.
pub(super) fn glob_and(own: &Option<Glob>, other: &Option<Glob>) -> Option<Option<Glob>> {
    match (own, other) {
        (Some(own), Some(other)) => own.and(other).map(Some),
        (one, None) | (None, one) => Some(one.clone()),
    }
}

/// Whether one pattern covers another, where one that is left out matches everything.
pub(super) fn glob_covers(own: &Option<Glob>, other: &Option<Glob>) -> bool {
    let any = Glob::any();
    own.as_ref()
        .unwrap_or(&any)
        .covers(other.as_ref().unwrap_or(&any))
}

/// What stands after `invoke:`: a tool of another plugin, or those that start alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InvokeRule {
    /// The other plugin.
    pub plugin: PluginId,
    /// Its tools.
    pub tool: Glob,
}

impl InvokeRule {
    pub(super) fn parse(piece: Piece<'_>) -> Result<Self, CapabilityError> {
        let rule = "`invoke:` is followed by a plugin's id, `/` and a tool, such as `invoke:org.example.search/find`";
        let Some((plugin, tool)) = piece.split_once("/") else {
            return Err(piece.fail(Kind::Name, rule));
        };
        let id = plugin
            .text()
            .parse()
            .map_err(|_| plugin.fail(Kind::Name, PluginId::RULE))?;
        Ok(Self {
            plugin: id,
            tool: Glob::parse(tool)?,
        })
    }

    /// What both allow.
    pub(crate) fn and(&self, other: &Self) -> Option<Self> {
        let tool = self.tool.and(&other.tool)?;
        (self.plugin == other.plugin).then(|| Self {
            plugin: self.plugin.clone(),
            tool,
        })
    }

    /// Whether every call that `other` allows, this rule allows too.
    pub fn covers(&self, other: &Self) -> bool {
        self.plugin == other.plugin && self.tool.covers(&other.tool)
    }
}

impl fmt::Display for InvokeRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.plugin, self.tool)
    }
}
