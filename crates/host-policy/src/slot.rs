//! Slots: what an author can't know and the operator fills in.

use std::collections::BTreeMap;

use crate::capability::{
    Capability, Folder, FolderPath, FsRule, HostPattern, HttpRule, Piece, SlotName, TcpRule,
};

/// What the operator put into slots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slots(BTreeMap<SlotName, String>);

/// A slot that can't be filled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SlotError {
    /// Nobody filled it.
    #[error(
        "the slot `{{{slot}}}` is not filled; say --bind {slot}=VALUE, where the value is {wanted}"
    )]
    Unbound {
        /// The slot.
        slot: SlotName,
        /// What fits it.
        wanted: &'static str,
    },
    /// What it was filled with does not fit.
    #[error("the slot `{{{slot}}}` takes {wanted}, not {value:?}")]
    Unfit {
        /// The slot.
        slot: SlotName,
        /// What fits it.
        wanted: &'static str,
        /// What it was filled with.
        value: String,
    },
}

const HOST: &str = "a host name or an address, without port";
const HOST_NAME: &str = "a host name, since the rule carries a network";
const FOLDER: &str = "an absolute folder";

impl Slots {
    /// Fills a slot; the last value counts.
    pub fn bind(&mut self, slot: SlotName, value: impl Into<String>) {
        self.0.insert(slot, value.into());
    }

    /// What each slot was filled with.
    pub fn iter(&self) -> impl Iterator<Item = (&SlotName, &str)> {
        self.0.iter().map(|(slot, value)| (slot, value.as_str()))
    }

    /// The capability with its slot filled, or as it is where it has none.
    ///
    /// # Errors
    /// Where nobody filled the slot, or not with what fits.
    pub fn fill(&self, capability: &Capability) -> Result<Capability, SlotError> {
        Ok(match capability {
            Capability::Http(HttpRule::Origin(rule)) => {
                let mut rule = rule.clone();
                let named = rule.within.is_some();
                rule.host = self.host(&rule.host, named)?;
                Capability::Http(HttpRule::Origin(rule))
            }
            Capability::Tcp(rule) => Capability::Tcp(TcpRule {
                host: self.host(&rule.host, false)?,
                port: rule.port,
            }),
            Capability::Fs(rule) => Capability::Fs(self.folder(rule)?),
            other => other.clone(),
        })
    }

    fn host(&self, host: &HostPattern, named: bool) -> Result<HostPattern, SlotError> {
        let HostPattern::Slot(slot) = host else {
            return Ok(host.clone());
        };
        let wanted = if named { HOST_NAME } else { HOST };
        let value = self.value(slot, wanted)?;
        match HostPattern::parse(Piece::new(value)) {
            Ok(host @ HostPattern::Name(_)) => Ok(host),
            Ok(host @ HostPattern::Address(_)) if !named => Ok(host),
            _ => Err(SlotError::Unfit {
                slot: slot.clone(),
                wanted,
                value: value.to_owned(),
            }),
        }
    }

    fn folder(&self, rule: &FsRule) -> Result<FsRule, SlotError> {
        let Folder::Slot(slot) = &rule.folder else {
            return Ok(rule.clone());
        };
        let value = self.value(slot, FOLDER)?;
        let unfit = |_| SlotError::Unfit {
            slot: slot.clone(),
            wanted: FOLDER,
            value: value.to_owned(),
        };
        let folder = Folder::Path(value.parse::<FolderPath>().map_err(unfit)?);
        // The guest knows the folder by the slot's name, wherever the operator has it.
        Ok(FsRule {
            access: rule.access,
            folder,
            mount: Some(rule.guest_path()),
        })
    }

    fn value(&self, slot: &SlotName, wanted: &'static str) -> Result<&str, SlotError> {
        let value = self.0.get(slot).map(String::as_str);
        value.ok_or_else(|| SlotError::Unbound {
            slot: slot.clone(),
            wanted,
        })
    }
}
