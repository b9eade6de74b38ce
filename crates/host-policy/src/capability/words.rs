//! Capabilities in plain words, for who has to say yes or no to them.

use std::fmt;
use std::net::IpAddr;

use super::{
    Access, ActionRule, Capability, Folder, FsRule, HostPattern, HttpRule, InvokeRule, Methods,
    OriginRule, PathPattern, TcpRule,
};

/// Continues "may …".
pub struct Words<'a>(&'a Capability);

impl Capability {
    /// What it allows, in words that continue "the plugin may …".
    ///
    /// ```
    /// # use portcullis_host_policy::capability::Capability;
    /// let capability: Capability = "http:POST https://api.example.com/v1/*".parse()?;
    /// assert_eq!(
    ///     capability.words().to_string(),
    ///     "send POST requests to api.example.com over https, to /v1/ and all below it"
    /// );
    /// # Ok::<(), portcullis_host_policy::capability::CapabilityError>(())
    /// ```
    pub fn words(&self) -> Words<'_> {
        Words(self)
    }

    /// What nobody can hold the plugin to once this is granted, where there is such a thing.
    pub fn cannot_enforce(&self) -> Option<&'static str> {
        match self {
            Self::Http(HttpRule::Public) => {
                Some("any public site can be told what the plugin can read, in the address itself")
            }
            Self::Http(HttpRule::Origin(rule)) if matches!(rule.host, HostPattern::Under(_)) => {
                Some("every host under that name can be told what the plugin can read")
            }
            Self::Http(HttpRule::Origin(_)) => {
                Some("that host can be told what the plugin can read")
            }
            Self::Tcp(_) => Some(
                "what goes over a raw connection is not looked at: no check for secrets, no redaction, no rule for \
                 what is asked",
            ),
            Self::Fs(FsRule {
                access: Access::ReadWrite,
                ..
            }) => Some("what the plugin writes may be read, or run, by other programs"),
            Self::Env(_) => Some("the variable's value is the plugin's to pass on"),
            Self::SecretReveal(_) => Some(
                "THE PLUGIN GETS THE SECRET'S VALUE and can pass it on in any form; `secret:` lets it use one unseen",
            ),
            Self::Llm(_) => {
                Some("text can persuade a model; what the plugin sends it is not judged")
            }
            Self::Ask => Some(
                "a question can be a trick, and what a person answers is the plugin's to pass on",
            ),
            Self::Invoke(_) => Some("the other plugin acts with its own grants on what it is told"),
            Self::Host(_) => {
                Some("what that does is the host's own program's, and not looked at here")
            }
            Self::HookContent(_) => Some("content that was seen can be passed on"),
            Self::HookModify(_) => Some("a changed payload can persuade a model"),
            Self::Stdout | Self::Stderr => {
                Some("raw output can hold control sequences that a terminal obeys")
            }
            Self::Args => Some("secrets on the host's command line are seen too"),
            _ => None,
        }
    }
}

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Capability::Http(HttpRule::Public) => {
                f.write_str("send GET and HEAD requests to any public site over https")
            }
            Capability::Http(HttpRule::Origin(rule)) => http(rule, f),
            Capability::Tcp(rule) => tcp(rule, f),
            Capability::Fs(rule) => fs(rule, f),
            Capability::Env(name) => write!(f, "see the environment variable {name}"),
            Capability::Secret(name) => {
                write!(
                    f,
                    "have the secret {name} added to requests, without seeing it"
                )
            }
            Capability::SecretReveal(name) => write!(f, "SEE THE VALUE of the secret {name}"),
            Capability::State(None) => f.write_str("keep state between calls"),
            Capability::State(Some(_)) => {
                let text = self.0.to_string();
                let size = text.trim_start_matches("state:");
                write!(f, "keep up to {size} of state between calls")
            }
            Capability::Llm(None) => f.write_str("use any model of the host"),
            Capability::Llm(Some(model)) => write!(f, "use the model {model} of the host"),
            Capability::Retrieval(None) => f.write_str("search any corpus of the host"),
            Capability::Retrieval(Some(corpus)) => write!(f, "search the corpus {corpus}"),
            Capability::Planner => f.write_str("use the host's planner"),
            Capability::Ask => {
                f.write_str("put questions to whoever it works for, and get the answers")
            }
            Capability::Invoke(InvokeRule { plugin, tool }) => {
                write!(f, "call the tool {tool} of the plugin {plugin}")
            }
            Capability::Hook(point) => write!(f, "see that {point} happens, without content"),
            Capability::HookContent(point) => write!(f, "see the content at {point}"),
            Capability::HookModify(point) => write!(f, "change the content at {point}"),
            Capability::HookGate(point) => write!(f, "stop what is about to happen at {point}"),
            Capability::Action(ActionRule { kind, target }) => {
                write!(f, "have the agent do {kind}")?;
                target
                    .iter()
                    .try_for_each(|target| write!(f, " with {target}"))
            }
            Capability::Host(name) => write!(f, "use what the host's own program offers as {name}"),
            Capability::Stdin => f.write_str("read the host's standard input"),
            Capability::Stdout => f.write_str("write to the host's standard output, raw"),
            Capability::Stderr => f.write_str("write to the host's standard error, raw"),
            Capability::Args => f.write_str("see the host's command line arguments"),
            Capability::Log => f.write_str("write to the host's log"),
            Capability::Clocks => f.write_str("read clocks"),
            Capability::Random => f.write_str("get random bytes"),
        }
    }
}

fn http(rule: &OriginRule, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("send ")?;
    methods(rule.methods, f)?;
    f.write_str(" requests to ")?;
    host(&rule.host, f)?;
    write!(f, " over {}", rule.scheme)?;
    if rule.port != rule.scheme.default_port() {
        write!(f, " on port {}", rule.port)?;
    }
    path(&rule.path, f)?;
    match rule.within {
        Some(network) => write!(f, ", also where that leads into the network {network}"),
        None => Ok(()),
    }
}

fn methods(methods: Methods, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let count = methods.iter().count();
    for (at, method) in methods.iter().enumerate() {
        let joint = match at {
            0 => "",
            _ if at + 1 == count => " and ",
            _ => ", ",
        };
        write!(f, "{joint}{method}")?;
    }
    Ok(())
}

fn path(path: &PathPattern, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if path.is_everything() {
        return Ok(());
    }
    let text = path.to_string();
    match text.strip_suffix('*') {
        Some(folder) => write!(f, ", to {folder} and all below it"),
        None => write!(f, ", to {text} alone"),
    }
}

fn host(host: &HostPattern, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match host {
        HostPattern::Name(name) => write!(f, "{name}"),
        HostPattern::Under(name) => write!(f, "every host under {name}"),
        HostPattern::Address(address) if is_this_machine(*address) => {
            write!(f, "{host}, this machine itself,")
        }
        HostPattern::Address(_) => write!(f, "the address {host}"),
        HostPattern::Slot(slot) => write!(f, "the host that you bind to `{slot}`"),
    }
}

fn is_this_machine(address: IpAddr) -> bool {
    address.is_loopback() || address.is_unspecified()
}

fn tcp(rule: &TcpRule, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("open raw connections to ")?;
    host(&rule.host, f)?;
    write!(f, " on port {}", rule.port)
}

fn fs(rule: &FsRule, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(match rule.access {
        Access::ReadOnly => "read ",
        Access::ReadWrite => "read, change and delete ",
    })?;
    f.write_str("everything in ")?;
    match &rule.folder {
        Folder::Path(path) => write!(f, "{path}")?,
        Folder::Slot(slot) => write!(f, "the folder that you bind to `{slot}`")?,
    }
    write!(f, ", which it sees as {}", rule.guest_path())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::capabilities;
    use super::super::{Capability, NAMES};

    fn words(text: &str) -> String {
        let capability: Capability = text.parse().unwrap_or_else(|error| panic!("{error}"));
        capability.words().to_string()
    }

    #[test]
    fn a_rule_for_requests_is_said_in_full() {
        for (rule, said) in [
            (
                "http:https://api.example.com",
                "send GET and HEAD requests to api.example.com over https",
            ),
            (
                "http:GET,POST,DELETE http://*.example.com:8080/v1 in 10.0.0.0/8",
                "send GET, POST and DELETE requests to every host under example.com over http on port 8080, to /v1 \
                 alone, also where that leads into the network 10.0.0.0/8",
            ),
            (
                "http:http://127.0.0.1:9/a/*",
                "send GET and HEAD requests to 127.0.0.1, this machine itself, over http on port 9, to /a/ and all \
                 below it",
            ),
            (
                "http:https://{api}",
                "send GET and HEAD requests to the host that you bind to `api` over https",
            ),
        ] {
            assert_eq!(words(rule), said);
        }
    }

    #[test]
    fn what_a_folder_rule_lets_happen_is_said() {
        assert_eq!(
            words("fs:ro:{folder}=>/files"),
            "read everything in the folder that you bind to `folder`, which it sees as /files"
        );
        assert_eq!(
            words("fs:rw:/srv/docs"),
            "read, change and delete everything in /srv/docs, which it sees as /srv/docs"
        );
    }

    #[test]
    fn a_revealed_secret_and_a_raw_connection_are_said_loudly() {
        assert!(words("secret-reveal:KEY").starts_with("SEE THE VALUE"));
        let said = |text: &str| {
            let capability: Capability = text.parse().unwrap();
            capability.cannot_enforce().unwrap_or_default()
        };
        assert!(said("secret-reveal:KEY").contains("GETS THE SECRET'S VALUE"));
        assert!(said("tcp:db.example.com:5432").contains("no check for secrets"));
        assert_eq!(said("secret:KEY"), "");
    }

    proptest! {
        #[test]
        fn every_capability_has_words_that_go_on_from_may(capability in capabilities()) {
            let words = capability.words().to_string();
            // The grammar's own names are no words for people.
            prop_assert!(!words.is_empty() && !words.ends_with(['.', ' ']));
            let first = words.split(' ').next().unwrap_or_default();
            prop_assert!(first == "SEE" || !NAMES.contains(&first));
        }
    }
}
