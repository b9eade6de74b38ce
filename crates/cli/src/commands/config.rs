//! `portcullis config`: what the operator said, and what holds.

use crate::args::{ConfigArgs, ConfigCommand, ConfigShowArgs, Format};
use crate::error::CliError;
use crate::escape;
use crate::output::{self, DIM};
use crate::settings;
use portcullis_host_core::ConfigFile;
use portcullis_host_policy::config::{EffectiveValue, Origin};
use serde_json::{Value, json};
use std::path::Path;

/// What is said of no file at all.
const NO_FILE: &str = "no configuration: no plugin is looked for, and nothing is granted";

pub(crate) fn run(command: &ConfigCommand, format: Format) -> Result<(), CliError> {
    match command {
        ConfigCommand::Show(args) if args.effective => show_effective(args, format),
        ConfigCommand::Show(args) => show(&args.config, format),
        ConfigCommand::Check(args) => check(args, format),
    }
}

/// The file as it was read.
fn show(args: &ConfigArgs, format: Format) -> Result<(), CliError> {
    let file = settings::find(args);
    let config = settings::read(file.as_ref())?;
    if format == Format::Json {
        return output::json(&json!({ "path": path(file.as_ref()), "config": config }));
    }
    let Some(file) = file else {
        return output::text(&format!("{DIM}# {NO_FILE}{DIM:#}"));
    };
    let name = escape::line(&file.path().display().to_string());
    let text = toml::to_string(&config).unwrap_or_default();
    output::text(&format!("{DIM}# {name}{DIM:#}\n{}", escape::text(&text)))
}

/// Each value that holds, with where it comes from.
fn show_effective(args: &ConfigShowArgs, format: Format) -> Result<(), CliError> {
    let file = settings::find(&args.config);
    let values = settings::load(&args.config)?.values();
    let path = path(file.as_ref());
    if format == Format::Json {
        let values: Vec<_> = values.iter().map(as_json).collect();
        return output::json(&json!({ "path": path, "values": values }));
    }
    let rows: String = values.iter().map(|value| as_text(value, path)).collect();
    output::text(&rows)
}

/// Says what is wrong, as an error, or that nothing is.
fn check(args: &ConfigArgs, format: Format) -> Result<(), CliError> {
    let file = settings::find(args);
    settings::load(args)?;
    match (format, file) {
        (Format::Json, file) => output::json(&json!({ "path": path(file.as_ref()) })),
        (Format::Text, None) => output::text(NO_FILE),
        (Format::Text, Some(file)) => {
            let name = file.path().display().to_string();
            output::text(&format!("{}: nothing is wrong", escape::line(&name)))
        }
    }
}

fn path(file: Option<&ConfigFile>) -> Option<&Path> {
    file.map(ConfigFile::path)
}

fn as_json(EffectiveValue { key, value, origin }: &EffectiveValue) -> Value {
    let mut object = json!({ "key": key, "value": value });
    match origin {
        Origin::Default => object["from"] = "default".into(),
        Origin::File(line) => {
            object["from"] = "file".into();
            object["line"] = (*line).into();
        }
        Origin::Variable(name) => {
            object["from"] = "variable".into();
            object["variable"] = (*name).into();
        }
        Origin::Flag => object["from"] = "flag".into(),
    }
    object
}

fn as_text(EffectiveValue { key, value, origin }: &EffectiveValue, path: Option<&Path>) -> String {
    let from = match origin {
        Origin::Default => "default".to_owned(),
        Origin::File(line) => {
            let path = path.unwrap_or(Path::new("the configuration"));
            format!("{}:{line}", path.display())
        }
        Origin::Variable(name) => (*name).to_owned(),
        Origin::Flag => "command line".to_owned(),
    };
    let value = match value {
        Value::Null => "not set".to_owned(),
        // JSON's strings, numbers and lists are TOML's too.
        value => value.to_string(),
    };
    let (key, value, from) = (escape::line(key), escape::line(&value), escape::line(&from));
    format!("{key} = {value}  {DIM}# {from}{DIM:#}\n")
}
