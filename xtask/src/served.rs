//! `portcullis serve` for who tests it: an operator with a home of their own, and a server over HTTP that ends with its test.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::build_examples::{build, portcullis};
use crate::shell::{output, root, target_dir};

/// Plugins of a folder are served, signed or not, and the one that asks may ask.
const SETTINGS: &str = r#"[plugins]
enabled = true
signatures = "off"

[plugin."org.portcullis.everything"]
grants = ["ask"]
"#;

/// Until it listens: compiling its plugins takes seconds.
const PATIENCE: Duration = Duration::from_secs(120);

/// Who serves plugins.
pub(crate) struct Operator {
    portcullis: PathBuf,
    plugins: PathBuf,
    home: PathBuf,
}

impl Operator {
    /// Builds the `portcullis` command and these example plugins, for an operator who is new to them.
    pub(crate) fn with(plugins: &[&str]) -> Result<Self> {
        let portcullis = portcullis()?;
        let plugins = build(&portcullis, plugins)?;
        let home = target_dir()?.join("served");
        if home.exists() {
            fs::remove_dir_all(&home)?;
        }
        let settings = home.join(".config/portcullis");
        fs::create_dir_all(&settings)?;
        fs::write(settings.join("portcullis.toml"), SETTINGS)?;
        Ok(Self {
            portcullis,
            plugins,
            home,
        })
    }

    /// The component of an example plugin.
    pub(crate) fn plugin(&self, name: &str) -> PathBuf {
        self.plugins.join(format!("{name}.wasm"))
    }

    /// A new folder of plugins that has these in it, each approved as it is.
    pub(crate) fn folder_with(&self, plugins: &[&str]) -> Result<PathBuf> {
        let folder = self.home.join("plugins");
        fs::create_dir_all(&folder)?;
        for plugin in plugins {
            let file = self.plugin(plugin);
            fs::copy(&file, folder.join(format!("{plugin}.wasm")))?;
            let mut approve = self.portcullis();
            approve.args(["plugins", "approve", "--yes", "--plugin-dir"]);
            approve.arg(&folder).arg(format!("org.portcullis.{plugin}"));
            output(approve)?;
        }
        Ok(folder)
    }

    /// Lets what this command starts find the operator's settings.
    pub(crate) fn at_home(&self, command: &mut Command) {
        command.current_dir(root()).env("HOME", &self.home);
        for variable in [
            "XDG_CONFIG_HOME",
            "XDG_DATA_HOME",
            "XDG_STATE_HOME",
            "XDG_CACHE_HOME",
        ] {
            command.env_remove(variable);
        }
    }

    /// The `portcullis` command.
    pub(crate) fn portcullis(&self) -> Command {
        let mut command = Command::new(&self.portcullis);
        self.at_home(&mut command);
        command
    }
}

/// A server over HTTP on this machine, until it is dropped.
pub(crate) struct Served {
    process: Child,
    url: String,
    token: String,
    log: Arc<Mutex<String>>,
}

impl Served {
    /// Starts `portcullis serve --http` with these arguments.
    ///
    /// # Errors
    /// It does not listen.
    pub(crate) fn start(operator: &Operator, arguments: &[impl AsRef<OsStr>]) -> Result<Self> {
        let mut create = operator.portcullis();
        create.args(["mcp", "token", "create", "tester", "--all"]);
        let token = output(create)?.trim().to_owned();
        let mut serve = operator.portcullis();
        // A port that is free.
        serve.args(["serve", "--http=127.0.0.1:0"]).args(arguments);
        serve.stdin(Stdio::null()).stderr(Stdio::piped());
        let mut process = serve.spawn().context("can't run `portcullis serve`")?;

        let log = Arc::default();
        let (found, address) = channel();
        if let Some(stderr) = process.stderr.take() {
            let log = Arc::clone(&log);
            thread::spawn(move || follow(stderr, &log, &found));
        }
        let mut served = Self {
            process,
            url: String::new(),
            token,
            log,
        };
        let address = address.recv_timeout(PATIENCE);
        served.url = address.with_context(|| format!("it does not listen:\n{}", served.log()))?;
        Ok(served)
    }

    /// Where clients find it.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What clients have to send.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// What it said so far.
    pub(crate) fn log(&self) -> String {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.clone()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Keeps what the server says, and finds in it where it listens.
fn follow(stderr: impl Read, log: &Mutex<String>, found: &Sender<String>) {
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        if let Some(url) = url(&line) {
            // Who waits may have given up.
            let _ = found.send(url.to_owned());
        }
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        log.push_str(&line);
        log.push('\n');
    }
}

/// The address in a line.
fn url(line: &str) -> Option<&str> {
    let words = line.split_whitespace();
    words
        .map(|word| word.trim_end_matches([',', '.', ';']))
        .find(|word| word.starts_with("http://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_found_in_what_a_server_says() {
        let line = "note: serving MCP at http://127.0.0.1:7332/mcp, for tokens";
        assert_eq!(url(line), Some("http://127.0.0.1:7332/mcp"));
        assert_eq!(url("warning: nothing is served"), None);
    }
}
