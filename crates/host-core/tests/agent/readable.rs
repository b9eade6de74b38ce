//! Resources and prompts of plugins that behave and of such that don't: what comes of each, and that nothing is left behind.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use portcullis_host_core::{
    CallOptions, Content, Error, ErrorKind, Host, LogLine, LogSource, Plugin, PluginId,
    PromptOutput, ResourceBody, ResourceUpdates, Services, Speaker,
};
use portcullis_test_artifacts::{
    HOSTILE_LIST_PROMPTS_ARGUMENT, HOSTILE_LIST_PROMPTS_MANY, HOSTILE_LIST_PROMPTS_NAME,
    HOSTILE_LIST_RESOURCES_TWICE, HOSTILE_LIST_RESOURCES_URI, HOSTILE_LIST_TEMPLATES_OPERATOR,
    HOSTILE_LIST_TEMPLATES_VARIABLE, HOSTILE_RESOURCES, WELL_GREET, WELL_RESOURCES,
    WELL_RESOURCES_SYNC, WELL_TOOLS,
};
use serde_json::json;

use crate::support::*;

/// The guest that behaves, with async functions and without.
const WELL: [&str; 2] = [WELL_RESOURCES, WELL_RESOURCES_SYNC];

async fn read_within(plugin: &Plugin, uri: &str, options: CallOptions) -> Result<String, Error> {
    let contents = plugin.read_resource(uri, options).await?;
    let texts = contents.iter().map(|one| match &one.body {
        ResourceBody::Text(text) => text.clone(),
        ResourceBody::Blob(bytes) => format!("{} bytes", bytes.len()),
    });
    Ok(texts.collect::<Vec<_>>().join("|"))
}

async fn read(plugin: &Plugin, uri: &str) -> Result<String, Error> {
    read_within(plugin, uri, long()).await
}

async fn prompt(
    plugin: &Plugin,
    name: &str,
    arguments: &[(&str, &str)],
    options: CallOptions,
) -> Result<PromptOutput, Error> {
    let arguments = arguments.iter();
    let arguments = arguments.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let arguments: BTreeMap<_, _> = arguments.collect();
    plugin.prompt(name, arguments, options).await
}

async fn is_well(host: &Host, plugin: &Plugin) {
    nothing_runs(host);
    let output = prompt(plugin, "nothing", &[], long()).await.unwrap();
    assert_eq!(output.messages, []);
}

#[tokio::test]
async fn resources_and_prompts_are_listed_and_part_of_the_surface() {
    for guest in WELL {
        let host = host();
        let plugin = load(&host, guest).await;
        let mut resources = plugin.resources().iter();
        let today = resources.find(|one| one.name == "today").unwrap();
        assert_eq!(today.uri, "notes://today");
        assert_eq!(today.title.as_deref(), Some("Today"));
        assert_eq!(today.media_type.as_deref(), Some("text/markdown"));
        let mut templates = plugin.resource_templates().iter();
        let days = templates.find(|one| one.name == "of_day").unwrap();
        assert_eq!(days.uri_template, "notes://days/{day}");
        assert_eq!(days.variables[0].values, ["monday", "tuesday", "wednesday"]);
        let mut prompts = plugin.prompts().iter();
        let review = prompts.find(|one| one.name == "review").unwrap();
        let arguments = review.arguments.iter();
        let arguments: Vec<_> = arguments.map(|one| (&*one.name, one.required)).collect();
        assert_eq!(arguments, [("code", true), ("style", false)]);

        let without = load(&host, WELL_GREET).await.surface();
        let differences = without.differences(&plugin.surface());
        for kind in ["resources", "resource-templates", "prompts"] {
            assert!(differences.iter().any(|one| one.kind == kind), "{kind}");
        }
    }
}

#[tokio::test]
async fn a_plugin_is_read_at_its_addresses_and_at_no_other() {
    for guest in WELL {
        let host = host();
        let plugin = load(&host, guest).await;
        for (uri, text) in [
            ("notes://today", "# Today\nRest."),
            ("notes://logo", "6 bytes"),
            ("notes://days/monday", "monday: nothing."),
            ("notes://days/a%2Fb", "a/b: nothing."),
            ("notes://days/monday/9", "monday at 9: nothing."),
        ] {
            assert_eq!(read(&plugin, uri).await.unwrap(), text, "{uri}");
        }
        assert!(read(&plugin, "notes://all").await.unwrap().ends_with("|{}"));
        for uri in [
            "notes://days/",
            "notes://days/a/9/b",
            "other://today",
            "",
            "\0",
        ] {
            let error = read(&plugin, uri).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnknownResource, "{uri:?}");
        }
        let error = read(&plugin, "notes://todya")
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains("did you mean \"notes://today\"?"), "{error}");
        let long = "x".repeat(1_000_000);
        assert!(read(&plugin, &long).await.unwrap_err().to_string().len() < 1_000);
        nothing_runs(&host);
    }
    let without = load(&host(), WELL_GREET).await;
    let error = read(&without, "notes://today").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownResource);
}

#[tokio::test]
async fn what_a_plugin_says_no_with_is_its_own() {
    for guest in WELL {
        let plugin = load(&host(), guest).await;
        let Error::Resource(error) = read(&plugin, "notes://days/never").await.unwrap_err() else {
            panic!("the resource's own");
        };
        assert_eq!(error.code, "not-found");
        let Error::Prompt(error) = prompt(&plugin, "refuse", &[], long()).await.unwrap_err() else {
            panic!("the prompt's own");
        };
        assert_eq!(error.code, "unavailable");
    }
}

#[tokio::test]
async fn who_lacks_a_grant_to_read_is_told_and_the_operator_what_would_help() {
    let plugin = load(&host(), WELL_RESOURCES).await;
    let error = read(&plugin, "notes://kept").await.unwrap_err();
    assert!(
        remedies(error)
            .iter()
            .any(|remedy| remedy.to_string().contains("state"))
    );
}

#[tokio::test]
async fn a_read_that_goes_wrong_is_told_by_its_kind() {
    let host = host();
    let plugin = load(&host, HOSTILE_RESOURCES).await;
    for (name, kind) in [
        ("trap", ErrorKind::Trapped),
        ("elsewhere", ErrorKind::BrokenContract),
        ("no_address", ErrorKind::BrokenContract),
        ("media_type_in_colour", ErrorKind::BrokenContract),
    ] {
        let error = read(&plugin, &format!("hostile://{name}"))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), kind, "{name}: {error}");
        assert!(!error.to_string().contains('\u{1b}'), "{name}");
        is_well(&host, &plugin).await;
    }
    for name in ["hang", "spin"] {
        let error = read_within(&plugin, &format!("hostile://{name}"), short()).await;
        assert_eq!(
            error.unwrap_err().kind(),
            ErrorKind::DeadlineExceeded,
            "{name}"
        );
        let error = prompt(&plugin, name, &[], short()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DeadlineExceeded, "{name}");
        is_well(&host, &plugin).await;
    }
    assert_eq!(read(&plugin, "hostile://nothing").await.unwrap(), "");
}

#[tokio::test]
async fn what_is_read_has_a_measure() {
    let host = host();
    let plugin = load(&host, HOSTILE_RESOURCES).await;
    for name in [
        "huge",
        "huge_blob",
        "many",
        "fail_at_length",
        "address_at_length",
        "media_type_at_length",
    ] {
        let error = read(&plugin, &format!("hostile://{name}"))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OutputTooLarge, "{name}: {error}");
        is_well(&host, &plugin).await;
    }
    for name in ["huge", "many", "fail_at_length", "describe_at_length"] {
        let error = prompt(&plugin, name, &[], long()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OutputTooLarge, "{name}: {error}");
        is_well(&host, &plugin).await;
    }
}

#[tokio::test]
async fn a_prompt_is_made_of_its_arguments() {
    for guest in WELL {
        let host = host();
        let plugin = load(&host, guest).await;
        let output = prompt(&plugin, "review", &[("code", "a = b")], long())
            .await
            .unwrap();
        assert_eq!(output.description.as_deref(), Some("Reviews 5 characters."));
        let speakers = output.messages.iter().map(|message| message.speaker);
        assert!(speakers.eq([Speaker::User, Speaker::Assistant]));
        assert_eq!(
            output.messages[0].content,
            Content::Text("Review this:\na = b".into())
        );
        let shown = prompt(&plugin, "show", &[], long()).await.unwrap();
        assert!(matches!(shown.messages[2].content, Content::Link(_)));
        nothing_runs(&host);
    }
}

#[tokio::test]
async fn a_prompt_that_is_asked_for_wrongly_is_not_entered() {
    let host = host();
    let plugin = load(&host, WELL_RESOURCES).await;
    let long_text = "x".repeat(100_000_000);
    for (arguments, problem) in [
        (&[][..], "\"code\" is a required property"),
        (
            &[("code", "a"), ("stlye", "b")][..],
            "did you mean \"style\"?",
        ),
        (&[("code", long_text.as_str())][..], "larger"),
    ] {
        let error = prompt(&plugin, "review", arguments, long())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArguments);
        assert!(error.to_string().contains(problem), "{error}");
    }
    let error = prompt(&plugin, "reveiw", &[], long()).await.unwrap_err();
    assert!(
        error.to_string().contains("did you mean \"review\"?"),
        "{error}"
    );
    assert_eq!(host.stats().live_instances, 0);
}

#[tokio::test]
async fn a_prompt_that_traps_or_says_odd_things_leaves_nothing_behind() {
    let host = host();
    let plugin = load(&host, HOSTILE_RESOURCES).await;
    let error = prompt(&plugin, "trap", &[], long()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Trapped);
    is_well(&host, &plugin).await;
    let output = prompt(&plugin, "unknown_content", &[], long())
        .await
        .unwrap();
    assert!(matches!(output.messages[0].content, Content::Other(_)));
}

#[tokio::test]
async fn definitions_that_are_none_are_refused() {
    for (guest, problem) in [
        (HOSTILE_LIST_RESOURCES_URI, "has no scheme"),
        (
            HOSTILE_LIST_RESOURCES_TWICE,
            "there are two of this address",
        ),
        (HOSTILE_LIST_TEMPLATES_OPERATOR, "{+path}"),
        (
            HOSTILE_LIST_TEMPLATES_VARIABLE,
            "its variables are not those",
        ),
        (HOSTILE_LIST_PROMPTS_NAME, "this is no name"),
        (HOSTILE_LIST_PROMPTS_ARGUMENT, "two arguments"),
    ] {
        let error = host().load(guest, granted(&[])).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Definition, "{error}");
        let error = error.to_string();
        assert!(
            error.contains(problem) && !error.contains('\u{1b}'),
            "{error}"
        );
    }
    let error = host()
        .load(HOSTILE_LIST_PROMPTS_MANY, granted(&[]))
        .await
        .unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::LoadLimit | ErrorKind::Probe),
        "{error}"
    );
}

#[derive(Default)]
struct Told(Mutex<Vec<(String, String)>>);

impl Told {
    fn take(&self) -> Vec<(String, String)> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl ResourceUpdates for Told {
    fn changed(&self, plugin: &PluginId, uri: &str) {
        let told = (plugin.to_string(), uri.to_owned());
        self.0.lock().unwrap().push(told);
    }
}

#[tokio::test]
async fn a_plugin_tells_of_its_own_resources_alone_and_not_without_end() {
    let told = Arc::new(Told::default());
    let services = Services {
        updates: Some(told.clone()),
        ..Services::default()
    };
    let host = builder().services(services).build().unwrap();
    for guest in WELL {
        let plugin = load(&host, guest).await;
        for (uri, is_own) in [
            ("notes://kept", true),
            ("notes://days/monday", true),
            ("other://kept", false),
            ("no address", false),
        ] {
            ask(&plugin, "touch", json!({ "uri": uri })).await;
            let expected = is_own.then(|| (plugin.id().to_string(), uri.to_owned()));
            assert_eq!(told.take(), Vec::from_iter(expected), "{uri}");
        }
    }
    let hostile = load(&host, HOSTILE_RESOURCES).await;
    let _ = read(&hostile, "hostile://flood").await;
    let count = told.take().len();
    assert!((1..2_000).contains(&count), "{count}");
    assert_eq!(
        read(&hostile, "hostile://flood_at_length").await.unwrap(),
        "read"
    );
    assert_eq!(told.take(), []);
}

#[tokio::test]
async fn the_lines_of_a_call_go_to_its_own_log_as_well() {
    let (host, all) = listening();
    let plugin = load(&host, WELL_TOOLS).await;
    all.take();
    let own = Arc::new(Lines::default());
    for (tool, arguments) in [
        ("note", json!({ "message": "a line" })),
        ("print", json!({ "out": "printed", "err": "" })),
    ] {
        let options = CallOptions {
            log: Some(own.clone()),
            ..long()
        };
        plugin.call(tool, arguments, options).await.unwrap();
    }
    let said = |lines: Vec<LogLine>| -> Vec<_> {
        let lines = lines.into_iter().filter(|line| !line.message.is_empty());
        lines.map(|line| (line.source, line.message)).collect()
    };
    let expected = [
        (LogSource::Guest, "a line".to_owned()),
        (LogSource::Stdout, "printed".to_owned()),
    ];
    assert_eq!(said(own.take()), expected);
    assert_eq!(said(all.take()), expected);
    ask(&plugin, "note", json!({ "message": "another" })).await;
    assert!(own.take().is_empty() && !all.take().is_empty());
}
