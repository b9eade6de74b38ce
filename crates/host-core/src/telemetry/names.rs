//! The names of all that is told to the outside: spans, events, attributes, metrics. They are part of the interface, and
//! `docs/telemetry.md` lists them all.
//!
//! Names of OpenTelemetry's semantic conventions are used where there are such.

macro_rules! names {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal;)*) => {
        $($(#[doc = $doc])+ pub const $name: &str = $text;)*

        #[cfg(test)]
        const ALL: &[&str] = &[$($text),*];
    };
}

names! {
    /// Span: a plugin is loaded.
    LOAD = "plugin.load";
    /// Span: a tool, or a model provider, is called, a resource read, or a prompt made.
    CALL = "plugin.call";
    /// Span: an event is handed to a handler of a hook.
    HOOK = "plugin.hook";
    /// Span: one HTTP request of a plugin, from the guest's asking to the end of both bodies.
    EGRESS = "plugin.egress";
    /// Event: a guest broke.
    PANIC = "plugin.panic";

    /// The plugin's id.
    PLUGIN_ID = "portcullis.plugin.id";
    /// The version in its manifest.
    PLUGIN_VERSION = "portcullis.plugin.version";
    /// The SHA-256 of its bytes.
    PLUGIN_DIGEST = "portcullis.plugin.digest";
    /// The call.
    CALL_ID = "portcullis.call.id";
    /// How it ended: `ok`, `denied`, `error`, or `dropped` by who waited for it.
    OUTCOME = "portcullis.outcome";
    /// Where the plugin's instances come from.
    INSTANCE_POLICY = "portcullis.instance.policy";
    /// Units of fuel that a call used, where fuel is metered.
    FUEL = "portcullis.fuel";
    /// Bytes that went in: arguments and attachments, or a response's body.
    BYTES_IN = "portcullis.bytes.in";
    /// Bytes that came out: the answer, or a request's body.
    BYTES_OUT = "portcullis.bytes.out";
    /// Whether compiled code came from the cache.
    CACHE_HIT = "portcullis.cache.hit";
    /// What a decision was about: the word that a capability for it starts with.
    CAPABILITY = "portcullis.capability";
    /// What was decided: `allow` or `deny`.
    DECISION = "portcullis.decision";
    /// Where a panic was, as the guest said.
    PANIC_PLACE = "portcullis.panic.place";
    /// How a line left the guest.
    LOG_SOURCE = "portcullis.log.source";
    /// A line's named fields.
    LOG_FIELDS = "portcullis.log.fields";
    /// What went wrong: the kind of an error, or the code of a denial.
    ERROR_TYPE = "error.type";
    /// A panic's message, as the guest said.
    EXCEPTION_MESSAGE = "exception.message";
    /// The tool.
    TOOL_NAME = "gen_ai.tool.name";
    /// The handler of a hook.
    HOOK_NAME = "portcullis.hook.name";
    /// The model provider.
    PROVIDER_NAME = "gen_ai.provider.name";
    /// The prompt.
    PROMPT_NAME = "portcullis.prompt.name";
    /// The resource, or the template of its address.
    RESOURCE_NAME = "portcullis.resource.name";
    /// A request's method.
    HTTP_METHOD = "http.request.method";
    /// A response's status.
    HTTP_STATUS = "http.response.status_code";
    /// A request's host.
    SERVER_ADDRESS = "server.address";
    /// A request's port.
    SERVER_PORT = "server.port";
    /// A request's scheme.
    URL_SCHEME = "url.scheme";

    /// Counter: calls that ended.
    CALLS = "portcullis.calls";
    /// Histogram: how long calls took, waiting included.
    CALL_DURATION = "portcullis.call.duration";
    /// Calls that run.
    CALLS_RUNNING = "portcullis.calls.running";
    /// Calls that wait for their turn among all of the host.
    CALLS_QUEUED = "portcullis.calls.queued";
    /// Instances that are kept.
    INSTANCES = "portcullis.instances";
    /// Open sessions.
    SESSIONS = "portcullis.sessions";
    /// Counter: loads that ended.
    LOADS = "portcullis.loads";
    /// Histogram: how long loads took.
    LOAD_DURATION = "portcullis.load.duration";
    /// Counter: looks into the compile cache.
    CACHE_LOOKUPS = "portcullis.cache.lookups";
    /// Counter: changes that a registry made of what it saw.
    RELOADS = "portcullis.reloads";
    /// Counter: decisions on what plugins asked for.
    DECISIONS = "portcullis.decisions";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::ALL;

    #[test]
    fn the_page_lists_every_name_and_no_other() {
        let page = include_str!("../../../../docs/telemetry.md");
        let listed: BTreeSet<_> = page
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
            .collect();
        assert_eq!(listed, ALL.iter().copied().collect());
    }

    #[test]
    fn no_name_is_given_twice() {
        let names: BTreeSet<_> = ALL.iter().collect();
        assert_eq!(names.len(), ALL.len());
    }
}
