//! From text to a configuration, or to everything that is wrong with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::lines::Lines;
use super::{Config, PluginSettings, PluginsSection, Setting};
use crate::capability::Capability;
use crate::document::{self, DocumentErrorKind as Kind, DocumentErrors, Node, Reader};
use crate::grant::Grant;
use crate::id::PluginId;
use crate::manifest::InstancePolicy;
use crate::secret::{Destination, DestinationError, Use};
use crate::slot::SlotError;
use crate::trust::{TrustMode, Updates};

pub(super) const TABLES: &[&str] = &["plugins", "plugin"];
pub(super) const PLUGINS_KEYS: &[&str] = &[
    "enabled",
    "dirs",
    "hot-reload",
    "signatures",
    "offline",
    "limits",
    "ceiling",
];
pub(super) const PLUGIN_KEYS: &[&str] = &[
    "enabled",
    "grants",
    "deny",
    "askable",
    "bind",
    "config",
    "limits",
    "secrets",
    "instances",
    "updates",
];

pub(super) const USE_KEYS: &[&str] = &["secret", "to", "as"];

pub(super) fn read(text: &str) -> Result<Config, DocumentErrors> {
    document::parse(text, |reader, root| {
        let mut config = reader.configuration(root);
        config.lines = Lines::of(text, root);
        Some(config)
    })
}

impl Reader<'_> {
    fn configuration(&mut self, root: &DeTable<'_>) -> Config {
        self.known_keys(root, TABLES);
        Config {
            plugins: self.section(root, "plugins", Self::plugins),
            plugin: self.section(root, "plugin", Self::each_plugin),
            lines: Lines::default(),
        }
    }

    fn plugins(&mut self, table: &DeTable<'_>) -> PluginsSection {
        self.known_keys(table, PLUGINS_KEYS);
        PluginsSection {
            enabled: self.flag(table, "enabled"),
            dirs: self.dirs(table),
            hot_reload: self.flag(table, "hot-reload"),
            signatures: self.known_word(table, "signatures", TrustMode::ALL.map(TrustMode::as_str)),
            offline: self.flag(table, "offline"),
            limits: self.section(table, "limits", Self::limits),
            ceiling: self.ceiling(table),
        }
    }

    fn dirs(&mut self, table: &DeTable<'_>) -> Option<Vec<PathBuf>> {
        table.get("dirs")?;
        let mut dirs = Vec::new();
        for (node, text) in self.strings(table, "dirs") {
            if !Path::new(text).is_absolute() {
                let rule = "a folder is named from the root: this file is read from many places";
                self.fail(node.span(), Kind::Value(rule.to_owned()));
            }
            dirs.push(PathBuf::from(text));
        }
        Some(dirs)
    }

    fn ceiling(&mut self, table: &DeTable<'_>) -> Option<Vec<Capability>> {
        let node = table.get("ceiling")?;
        let table = self.table(node, "ceiling")?;
        self.known_keys(table, &["allow"]);
        if table.get("allow").is_none() {
            self.fail(node.span(), Kind::Missing("allow"));
        }
        let allow = self.capability_list(table, "allow");
        Some(self.without_slots(allow))
    }

    /// Nobody fills a slot of the ceiling, which holds for all plugins.
    fn without_slots(&mut self, list: Vec<(Node<'_, '_>, Capability)>) -> Vec<Capability> {
        let grant = Grant::none();
        for (node, capability) in &list {
            if grant.slots().fill(capability).is_err() {
                let rule = "the ceiling holds for all plugins: write the host or folder itself";
                self.fail(node.span(), Kind::Value(rule.to_owned()));
            }
        }
        list.into_iter().map(|(_, capability)| capability).collect()
    }

    fn each_plugin(&mut self, table: &DeTable<'_>) -> BTreeMap<PluginId, PluginSettings> {
        let mut plugins = BTreeMap::new();
        for (key, node) in table {
            let name = key.get_ref().as_ref();
            let settings = self
                .table(node, name)
                .map(|table| self.plugin_settings(name, table));
            match (name.parse::<PluginId>(), settings) {
                (Ok(id), Some(settings)) => drop(plugins.insert(id, settings)),
                (Ok(_), None) => {}
                (Err(error), _) => {
                    self.fail(key.span(), Kind::Value(error.to_string()));
                }
            }
        }
        plugins
    }

    fn plugin_settings(&mut self, name: &str, table: &DeTable<'_>) -> PluginSettings {
        if !self.is_unquoted_id(name, table) {
            self.known_keys(table, PLUGIN_KEYS);
        }
        PluginSettings {
            enabled: self.flag(table, "enabled").unwrap_or(true),
            grant: self.grant(table),
            config: self.section(table, "config", Self::settings),
            limits: self.section(table, "limits", Self::limits),
            secrets: self.uses(table),
            instances: self.known_word(
                table,
                "instances",
                InstancePolicy::ALL.map(InstancePolicy::as_str),
            ),
            updates: self
                .known_word(table, "updates", ["hold", "auto"])
                .unwrap_or(Updates::Unsaid),
        }
    }

    /// `[plugin.org.example.weather]` is a table in a table in a table, and not what was meant.
    fn is_unquoted_id(&mut self, name: &str, table: &DeTable<'_>) -> bool {
        let below = |(key, node): &(&Spanned<_>, &Spanned<DeValue<'_>>)| {
            let key: &std::borrow::Cow<'_, str> = key.get_ref();
            node.get_ref().is_table() && !PLUGIN_KEYS.contains(&key.as_ref())
        };
        let Some((key, node)) = table.iter().find(below) else {
            return false;
        };
        let id = format!("{name}.{}", unquoted(key.get_ref(), node));
        let rule = "an id with dots is one key: it stands in quotes";
        self.fail(key.span(), Kind::Value(rule.to_owned()))
            .suggestion = Some(format!("[plugin.\"{id}\"]"));
        true
    }

    fn grant(&mut self, table: &DeTable<'_>) -> Grant {
        let allowed = self.capability_list(table, "grants");
        let denied = self.capability_list(table, "deny");
        let askable = self.capability_list(table, "askable");
        let grant = self.section(table, "bind", Self::bind);
        for (node, capability) in allowed.iter().chain(&denied).chain(&askable) {
            let rule = match grant.slots().fill(capability) {
                Ok(_) => continue,
                Err(SlotError::Unbound { slot, wanted }) => {
                    format!("the slot `{{{slot}}}` is not filled: `bind` says what it is, {wanted}")
                }
                Err(error) => error.to_string(),
            };
            self.fail(node.span(), Kind::Value(rule));
        }
        let allow = |grant: Grant, (_, capability): (_, Capability)| grant.allow(capability);
        let deny = |grant: Grant, (_, capability): (_, Capability)| grant.deny(capability);
        let ask = |grant: Grant, (_, capability): (_, Capability)| grant.ask(capability);
        let grant = allowed.into_iter().fold(grant, allow);
        let grant = denied.into_iter().fold(grant, deny);
        askable.into_iter().fold(grant, ask)
    }

    fn bind(&mut self, table: &DeTable<'_>) -> Grant {
        let mut grant = Grant::none();
        for (key, node) in table {
            let name = key.get_ref().as_ref();
            let Some(value) = self.text(node, name) else {
                continue;
            };
            match name.parse() {
                Ok(slot) => grant = grant.bind(slot, value),
                Err(error @ crate::capability::CapabilityError { .. }) => {
                    self.fail(key.span(), Kind::Value(error.rule.to_owned()));
                }
            }
        }
        grant
    }

    fn settings(&mut self, table: &DeTable<'_>) -> BTreeMap<String, Setting> {
        let mut settings = BTreeMap::new();
        for (key, node) in table {
            let setting = match reference(node) {
                Some(name) => self.secret_setting(name),
                None => Some(Setting::Plain(self.json(node))),
            };
            settings.extend(setting.map(|setting| (key.get_ref().to_string(), setting)));
        }
        settings
    }

    fn secret_setting(&mut self, node: Node<'_, '_>) -> Option<Setting> {
        let text = self.text(node, "secret")?;
        let name = text
            .parse()
            .map_err(|error| self.capability_error(node, error));
        name.ok().map(Setting::Secret)
    }

    fn uses(&mut self, table: &DeTable<'_>) -> Vec<Use> {
        let mut uses: Vec<Use> = Vec::new();
        for (node, table) in self.tables(table, "secrets") {
            let Some(new) = self.secret_use(table, node) else {
                continue;
            };
            if uses.iter().any(|known| known.conflicts(&new)) {
                let rule = "some request would get this and another secret in one place";
                self.fail(node.span(), Kind::Value(rule.to_owned()));
            }
            uses.push(new);
        }
        uses
    }

    fn secret_use(&mut self, table: &DeTable<'_>, node: Node<'_, '_>) -> Option<Use> {
        self.known_keys(table, USE_KEYS);
        let span = node.span();
        let secret = self.required(table, &span, "secret", |text| {
            text.parse()
                .map_err(|error: crate::capability::CapabilityError| error.rule.to_owned())
        });
        let to = self.required(table, &span, "to", |text| {
            text.parse::<Destination>()
                .map_err(|error: DestinationError| error.to_string())
        });
        let placement = self.required(table, &span, "as", |text| {
            text.parse()
                .map_err(|error: crate::secret::PlacementError| error.to_string())
        });
        Some(Use {
            secret: secret?,
            to: to?,
            placement: placement?,
        })
    }
}

/// What `{ secret = "NAME" }` names, where a setting is exactly that.
fn reference<'a, 'i>(node: Node<'a, 'i>) -> Option<Node<'a, 'i>> {
    let table = node.get_ref().as_table()?;
    table.get("secret").filter(|_| table.len() == 1)
}

/// The rest of an id that was written without quotes.
fn unquoted(key: &str, node: Node<'_, '_>) -> String {
    let table = node.get_ref().as_table();
    let below = table.filter(|table| table.len() == 1).and_then(|table| {
        let (key, node) = table.iter().next()?;
        let inside = node.get_ref().is_table() && !PLUGIN_KEYS.contains(&key.get_ref().as_ref());
        inside.then(|| unquoted(key.get_ref(), node))
    });
    match below {
        Some(rest) => format!("{key}.{rest}"),
        None => key.to_owned(),
    }
}
