//! Which word counts: the default, the file's, a variable's or a flag's.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use super::{Config, PluginSettings};
use crate::decision::CapabilitySet;
use crate::id::PluginId;
use crate::limits::LimitOverrides;
use crate::trust::TrustMode;

/// A key of `[plugins]` that a variable can say too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// `enabled`
    Enabled,
    /// `dirs`
    Dirs,
    /// `hot-reload`
    HotReload,
    /// `signatures`
    Signatures,
    /// `offline`
    Offline,
}

impl Key {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Enabled,
        Self::Dirs,
        Self::HotReload,
        Self::Signatures,
        Self::Offline,
    ];

    /// Its full name in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "plugins.enabled",
            Self::Dirs => "plugins.dirs",
            Self::HotReload => "plugins.hot-reload",
            Self::Signatures => "plugins.signatures",
            Self::Offline => "plugins.offline",
        }
    }

    /// The variable.
    pub fn variable(self) -> &'static str {
        match self {
            Self::Enabled => "PORTCULLIS_ENABLED",
            Self::Dirs => "PORTCULLIS_PLUGIN_DIRS",
            Self::HotReload => "PORTCULLIS_HOT_RELOAD",
            Self::Signatures => "PORTCULLIS_SIGNATURES",
            Self::Offline => "PORTCULLIS_OFFLINE",
        }
    }
}

/// Where a value comes from; what stands further down wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Nobody said anything else.
    Default,
    /// This line of the file.
    File(usize),
    /// This variable.
    Variable(&'static str),
    /// The command line, or the program.
    Flag,
}

/// A value, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub origin: Origin,
}

/// A variable whose value can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the variable {variable} is {value:?}, and takes {expected}")]
pub struct VariableError {
    /// The variable.
    pub variable: &'static str,
    /// Its value.
    pub value: OsString,
    /// What it takes.
    pub expected: &'static str,
}

/// What holds, when all was heard.
#[derive(Clone, Debug, PartialEq)]
pub struct Effective {
    /// Whether plugins are looked for and run at all; not by default.
    pub enabled: Sourced<bool>,
    /// The folders that are searched; none for the usual ones, the default.
    pub dirs: Sourced<Option<Vec<PathBuf>>>,
    /// Whether the folders are watched; they are by default.
    pub hot_reload: Sourced<bool>,
    /// What signatures are worth; required by default.
    pub signatures: Sourced<TrustMode>,
    /// Whether the network is closed to all plugins; not by default.
    pub offline: Sourced<bool>,
    /// The file, whose limits, ceiling and plugins nothing else says.
    pub file: Config,
}

impl Effective {
    /// Limits of every plugin whose own table says nothing else.
    pub fn limits(&self) -> &LimitOverrides {
        &self.file.plugins.limits
    }

    /// What no plugin goes beyond.
    pub fn ceiling(&self) -> CapabilitySet {
        match &self.file.plugins.ceiling {
            Some(allow) => CapabilitySet::Only(allow.clone()),
            None => CapabilitySet::All,
        }
    }

    /// What is said of each plugin, by id.
    pub fn plugins(&self) -> &BTreeMap<PluginId, PluginSettings> {
        &self.file.plugin
    }
}

/// What a variable or a flag can say of `[plugins]`; none where it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// `enabled`
    pub enabled: Option<bool>,
    /// `dirs`
    pub dirs: Option<Vec<PathBuf>>,
    /// `hot-reload`
    pub hot_reload: Option<bool>,
    /// `signatures`
    pub signatures: Option<TrustMode>,
    /// `offline`
    pub offline: Option<bool>,
}

impl Said {
    /// What variables say; one that is empty says nothing.
    ///
    /// # Errors
    /// All whose values can't be used.
    pub fn by_variables(
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, Vec<VariableError>> {
        let mut errors = Vec::new();
        let mut text = |key: Key, expected, fits: &dyn Fn(&str) -> bool| {
            let value = variable(key.variable()).filter(|value| !value.is_empty())?;
            let text = value.to_str().filter(|text| fits(text)).map(str::to_owned);
            if text.is_none() {
                errors.push(VariableError {
                    variable: key.variable(),
                    value,
                    expected,
                });
            }
            text
        };
        let is_flag = |text: &str| text.parse::<bool>().is_ok();
        let is_mode = |text: &str| text.parse::<TrustMode>().is_ok();
        let mut flag = |key| text(key, "true or false", &is_flag)?.parse().ok();
        let said = Self {
            enabled: flag(Key::Enabled),
            hot_reload: flag(Key::HotReload),
            offline: flag(Key::Offline),
            signatures: text(Key::Signatures, "required, warn or off", &is_mode)
                .and_then(|text| text.parse().ok()),
            dirs: variable(Key::Dirs.variable())
                .filter(|dirs| !dirs.is_empty())
                .map(|dirs| std::env::split_paths(&dirs).collect()),
        };
        match errors.is_empty() {
            true => Ok(said),
            false => Err(errors),
        }
    }
}

impl Config {
    /// Settles what holds: a flag before a variable, a variable before the file, the file before the default.
    pub fn resolve(self, variables: Said, flags: Said) -> Effective {
        let file = &self.plugins;
        let lines = |key: Key| self.line(key.as_str()).unwrap_or_default();
        let flag = |key, flag, variable, file, default| {
            settle(key, [flag, variable, file], lines(key), default)
        };
        Effective {
            enabled: flag(
                Key::Enabled,
                flags.enabled,
                variables.enabled,
                file.enabled,
                false,
            ),
            hot_reload: flag(
                Key::HotReload,
                flags.hot_reload,
                variables.hot_reload,
                file.hot_reload,
                true,
            ),
            offline: flag(
                Key::Offline,
                flags.offline,
                variables.offline,
                file.offline,
                false,
            ),
            signatures: settle(
                Key::Signatures,
                [flags.signatures, variables.signatures, file.signatures],
                lines(Key::Signatures),
                TrustMode::default(),
            ),
            dirs: settle(
                Key::Dirs,
                [flags.dirs, variables.dirs, file.dirs.clone()].map(|dirs| dirs.map(Some)),
                lines(Key::Dirs),
                None,
            ),
            file: self,
        }
    }
}

/// The first word of flag, variable and file, else the default.
fn settle<T>(key: Key, words: [Option<T>; 3], line: usize, default: T) -> Sourced<T> {
    let origins = [
        Origin::Flag,
        Origin::Variable(key.variable()),
        Origin::File(line),
    ];
    let said = words.into_iter().zip(origins);
    let first = said
        .filter_map(|(word, origin)| Some((word?, origin)))
        .next();
    let (value, origin) = first.unwrap_or((default, Origin::Default));
    Sourced { value, origin }
}
