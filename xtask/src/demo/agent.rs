//! A whole conversation of the reference agent with its plugins, and what has to be in it.

use std::path::Path;

use anyhow::{Result, bail};
use portcullis_test_tools::pyperplan;

use super::{Home, shown};
use crate::build_examples::binary;
use crate::shell::{output, target_dir};

/// What the conversation shows, each by a line of it.
const SHOWS: [(&str, &str); 16] = [
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
    (
        "what is destructive needs an approval",
        "! native/delete_file: denied: the call of native/delete_file was not approved",
    ),
    (
        "a plugin asks another's tool and the host's model",
        "\"Bees work, blossoms win.\" on top",
    ),
    ("a conversation is summed up", "messages were summed up"),
    ("a plugin puts a message in", "asks for inject-user-message"),
    (
        "every conversation begins with the operator's word",
        "for the Orchard conference",
    ),
    ("conversations are remembered", "agent> I remember: "),
    (
        "another provider stands in for one that is overloaded",
        "and the second answered",
    ),
    ("the observer bridge feeds a plugin", "audit-trail counted"),
];

/// And what it shows with a planner, and without one.
const PLANNED: (&str, &str) = (
    "a plugin searches and plans",
    "agent> In 4 steps; the first: \"Drive from depot to printer.\"",
);
const NOT_PLANNED: (&str, &str) = (
    "a plugin is told that there is no planner",
    "agent> There is no plan: ",
);

pub(super) fn show(plugins: &Path, home: &Home) -> Result<()> {
    let agent = binary("agent")?;
    println!(
        "\n── A conversation, with plugins everywhere\n$ {} --demo {}",
        shown(&agent),
        shown(plugins)
    );
    let mut command = home.command(&agent);
    command.arg("--demo").arg(plugins);
    let planned = match pyperplan::python(&target_dir()?.join("tmp")) {
        Ok(python) => {
            command.arg("--planner").arg(python);
            command.args(pyperplan::ARGUMENTS);
            PLANNED
        }
        Err(why) => {
            println!("  (without a planner, which can't be installed: {why})");
            NOT_PLANNED
        }
    };
    command.stdin(std::process::Stdio::null());
    let transcript = output(command)?;
    for line in transcript.lines() {
        println!("  {line}");
    }
    for (what, line) in SHOWS.into_iter().chain([planned]) {
        if !transcript.contains(line) {
            bail!("{what}: the conversation does not say {line:?}");
        }
    }
    if transcript.contains("ada@example.org") {
        bail!("the address that is to be redacted is in the conversation");
    }
    Ok(())
}
