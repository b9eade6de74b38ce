//! A whole conversation of the reference agent with six plugins, and what has to be in it.

use std::path::Path;

use anyhow::{Result, bail};

use super::{Home, shown};
use crate::build_examples::binary;
use crate::shell::output;

/// What the conversation shows, each by a line of it.
const SHOWS: [(&str, &str); 9] = [
    ("a provider plugin streams", "demo-small answered in"),
    ("a native tool is used", "> native/read_file"),
    (
        "a plugin's tool is used",
        "> org.portcullis.text-tools/word_frequencies",
    ),
    (
        "a gate stops a third",
        "x the tool was stopped by keep_to_rules of org.portcullis.guard",
    ),
    (
        "a result is redacted before it is stored",
        "[redacted: email]",
    ),
    (
        "a plugin switches the role",
        "org.portcullis.designer asks for switch-role",
    ),
    ("the role has another model", "demo-large answered in"),
    ("and another prompt", "As told (\"You design posters\")"),
    ("the observer bridge feeds a plugin", "audit-trail counted"),
];

pub(super) fn show(plugins: &Path, home: &Home) -> Result<()> {
    let agent = binary("agent")?;
    println!(
        "\n── A conversation, with plugins everywhere\n$ {} --demo {}",
        shown(&agent),
        shown(plugins)
    );
    let mut command = home.command(&agent);
    command.arg("--demo").arg(plugins);
    command.stdin(std::process::Stdio::null());
    let transcript = output(command)?;
    for line in transcript.lines() {
        println!("  {line}");
    }
    for (what, line) in SHOWS {
        if !transcript.contains(line) {
            bail!("{what}: the conversation does not say {line:?}");
        }
    }
    if transcript.contains("ada@example.org") {
        bail!("the address that is to be redacted is in the conversation");
    }
    Ok(())
}
