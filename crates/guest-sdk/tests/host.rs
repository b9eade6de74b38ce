//! What a plugin asks of its host, against the scripted one.

use std::cell::RefCell;

use portcullis_guest_sdk::log::Level;
use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::testing::{Host, LogLine, json};

#[plugin_type]
#[derive(Clone, Debug, Default, PartialEq)]
struct Settings {
    #[serde(default)]
    greeting: String,
}

thread_local! {
    static STARTED_WITH: RefCell<Settings> = RefCell::default();
}

#[plugin_start]
async fn start(settings: &Settings) -> Result<(), String> {
    if settings.greeting == "refuse" {
        return Err("no such greeting".into());
    }
    STARTED_WITH.set(settings.clone());
    Ok(())
}

#[test]
fn a_start_gets_the_settings() {
    Host::new().config("greeting", "Hi").start().unwrap();
    assert_eq!(STARTED_WITH.take().greeting, "Hi");
}

#[test]
fn a_start_may_refuse() {
    let error = Host::new()
        .config("greeting", "refuse")
        .start()
        .unwrap_err();
    assert_eq!(error.message, "no such greeting");
}

#[test]
fn settings_of_another_type_are_refused_before_the_start() {
    let error = Host::new().config("greeting", 3).start().unwrap_err();
    assert_eq!(error.code, "invalid");
}

#[test]
fn a_log_line_keeps_level_message_and_fields() {
    let host = Host::new();
    host.run(|| {
        let lines = 2;
        log::warn!(path = "a.txt", lines = lines, "read {lines} of {}", 3);
        log::trace!("plain");
    });
    let warning = LogLine {
        level: Level::Warn,
        message: "read 2 of 3".into(),
        fields: vec![
            ("path".into(), "a.txt".into()),
            ("lines".into(), "2".into()),
        ],
    };
    assert_eq!(host.logs()[0], warning);
    assert_eq!(host.logs()[1].level, Level::Trace);
}

#[test]
fn without_a_host_in_charge_nothing_is_answered() {
    log::error!("nobody hears this");
    assert_eq!(config::get::<String>("greeting"), Ok(None));
    assert!(!Host::new().context().is_cancelled());
}

#[test]
fn a_host_inside_another_answers_first() {
    let outer = Host::new().config("greeting", "outer");
    let inner = Host::new().config("greeting", "inner");
    let greeting = || config::get::<String>("greeting").unwrap().unwrap();
    outer.run(|| {
        assert_eq!(greeting(), "outer");
        assert_eq!(inner.run(greeting), "inner");
        assert_eq!(greeting(), "outer");
    });
}

#[test]
fn a_setting_is_typed_by_its_json_and_not_by_its_text() {
    let host = Host::new().config("text", "3").config("number", 3);
    host.run(|| {
        assert_eq!(config::get::<String>("text"), Ok(Some("3".into())));
        assert_eq!(config::get::<u8>("number"), Ok(Some(3)));
        let error = config::get::<u8>("text").unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("the setting `text` of this plugin does not fit: "),
            "{error}"
        );
    });
}

/// Waits for the caller to lose patience.
#[plugin_tool]
async fn wait(ctx: &Context) -> Result<(), ToolError> {
    ctx.progress(1.0, None, Some("waiting"));
    ctx.cancelled().await;
    Err(ToolError::cancelled("asked to end"))
}

#[test]
fn a_call_that_waits_for_its_cancellation_gets_it() {
    let host = Host::new().cancel_at(1.0);
    assert_eq!(host.call("wait", json!({})).unwrap_err().code, "cancelled");
    assert_eq!(host.progress()[0].message.as_deref(), Some("waiting"));
}

#[test]
fn a_waiting_call_is_woken_by_its_cancellation() {
    let host = Host::new();
    let ctx = host.context();
    let cancel = async { host.cancel() };
    host.block_on(futures::future::join(ctx.cancelled(), cancel));
    assert!(host.run(|| ctx.is_cancelled()));
}
