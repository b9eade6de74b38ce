//! `portcullis plugins enable` and `disable`: a line of `portcullis.toml`, whose comments and order stay.

use crate::args::{EnableArgs, Format};
use crate::edit::set;
use crate::error::CliError;
use crate::output;
use crate::settings;
use portcullis_host_core::{ConfigError, PluginId};
use portcullis_host_policy::config::Config;
use serde_json::json;
use std::io;
use toml_edit::{DocumentMut, Item, Table, TableLike};

pub(super) fn run(args: &EnableArgs, enabled: bool, format: Format) -> Result<(), CliError> {
    let (read, file) = (
        settings::find(&args.config),
        settings::file_to_edit(&args.config)?,
    );
    let path = file.path();
    let edited = file.edit(|text| {
        let mistakes = |errors| ConfigError::Mistakes {
            path: path.to_owned(),
            errors,
        };
        Config::parse(text).map_err(mistakes)?;
        let no_toml = |error| ConfigError::Io {
            path: path.to_owned(),
            source: io::Error::other(error),
        };
        let mut document: DocumentMut = text
            .parse()
            .map_err(|error: toml_edit::TomlError| no_toml(error))?;
        switch(&mut document, &args.ids, enabled);
        Ok::<_, ConfigError>(document.to_string())
    });
    edited?;
    if let Some(read) = read.filter(|read| read.path() != path) {
        output::note(&format!(
            "{} is not read any more: this user has a file of their own now",
            read.path().display()
        ));
    }
    if enabled && !settings::load(&args.config)?.enabled.value {
        output::note("plugins as a whole are not enabled; `portcullis plugins enable` does that");
    }
    let ids: Vec<_> = args.ids.iter().map(PluginId::as_str).collect();
    let what = if ids.is_empty() {
        "plugins".to_owned()
    } else {
        ids.join(", ")
    };
    let done = if enabled { "enabled" } else { "disabled" };
    let document = json!({ "enabled": enabled, "plugins": ids, "file": path });
    output::said(
        format,
        &document,
        &format!("{done}: {what} ({})", path.display()),
    )
}

/// `enabled` of `[plugins]`, or of each of these.
fn switch(document: &mut DocumentMut, ids: &[PluginId], enabled: bool) {
    if ids.is_empty() {
        set(
            table(document.as_table_mut(), "plugins", false),
            "enabled",
            enabled,
        );
    }
    for id in ids {
        let plugins = table(document.as_table_mut(), "plugin", true);
        set(table(plugins, id.as_str(), false), "enabled", enabled);
    }
}

/// The table of this name, made where it is missing. The document has no mistakes, so nothing else has that name.
fn table<'a>(parent: &'a mut dyn TableLike, name: &str, implicit: bool) -> &'a mut dyn TableLike {
    let item = parent.entry(name).or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(implicit);
        Item::Table(table)
    });
    item.as_table_like_mut().expect("a table")
}
