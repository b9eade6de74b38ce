//! What may run where nobody is there to be asked.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use portcullis_host_core::Capability;
use portcullis_host_policy::capability::{CapabilityError, InvokeRule};

use super::super::QualifiedName;
use super::{Answer, ApprovalRequest, Approver};

/// A pattern is a capability without this.
const PREFIX: &str = "invoke:";

/// Answers where nobody is there: no, except for the tools that the operator named before.
///
/// Which bytes may be the plugin of that id is not its affair: the registry of plugins judges that before they are loaded.
///
/// ```
/// use portcullis_host_agent::tool::Unattended;
///
/// let nothing = Unattended::default();
/// let some = Unattended::allowing(["org.example.files/write_*".parse()?, "native/shell".parse()?]);
/// # Ok::<(), portcullis_host_policy::capability::CapabilityError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Unattended {
    allowed: Vec<ToolPattern>,
}

impl Unattended {
    /// These tools may be called, and no others.
    pub fn allowing(allowed: impl IntoIterator<Item = ToolPattern>) -> Self {
        let allowed = allowed.into_iter().collect();
        Self { allowed }
    }
}

#[async_trait]
impl Approver for Unattended {
    async fn approve(&self, request: &ApprovalRequest) -> Answer {
        let allows = |pattern: &ToolPattern| pattern.matches(&request.tool);
        if self.allowed.iter().any(allows) {
            Answer::Once
        } else {
            Answer::No(Some("nobody is there to approve it".to_owned()))
        }
    }
}

/// A tool, or several of one owner: what stands after `invoke:` in a grant, and `native` for the agent's own tools.
/// `org.example.files/write`, `org.example.files/write_*`, `native/*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolPattern(Capability);

impl ToolPattern {
    /// Whether it is about this tool.
    pub fn matches(&self, name: &QualifiedName) -> bool {
        let Capability::Invoke(InvokeRule { plugin, tool }) = &self.0 else {
            return false;
        };
        plugin.as_str() == name.owner().to_string() && tool.matches(name.tool())
    }
}

impl FromStr for ToolPattern {
    type Err = CapabilityError;

    fn from_str(text: &str) -> Result<Self, CapabilityError> {
        format!("{PREFIX}{text}").parse().map(Self)
    }
}

impl fmt::Display for ToolPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.to_string().trim_start_matches(PREFIX))
    }
}
