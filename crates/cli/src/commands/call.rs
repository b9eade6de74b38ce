//! `portcullis call`: one call of one tool.

mod input;
mod render;

use crate::args::{CallArgs, Format, GrantArgs};
use crate::arguments::{self, Assignment};
use crate::decided::{self, Decided, Refused};
use crate::error::CliError;
use crate::host::{self, Session};
use crate::installed::{self, Installed};
use crate::output::{self, DIM};
use crate::progress;
use futures::StreamExt as _;
use futures::future::{Either, select};
use portcullis_host_core::{
    CallOptions, Cancellation, Capability, Error, ErrorKind, Grant, Host, InstancePolicy,
    LimitOverrides, LoadOptions, Plugin, Source, ToolOutput,
};
use portcullis_host_policy::SlotError;
use serde_json::{Map, Value};
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

/// Calls the tool, once for each `--args`, and prints what it answers.
pub(crate) fn run(args: &CallArgs, format: Format, verbose: bool) -> Result<(), CliError> {
    let answered = |answer: &ToolOutput| render::output(answer, args.stream, format);
    all(args, &Decided::default(), answered, format, verbose)
}

/// The same for who wants to know what was decided, and not what was answered.
pub(crate) fn record(
    args: &CallArgs,
    decided: &Decided,
    format: Format,
    verbose: bool,
) -> Result<(), CliError> {
    all(args, decided, |_| Ok(()), format, verbose)
}

fn all(
    args: &CallArgs,
    decided: &Decided,
    answered: impl Fn(&ToolOutput) -> Result<(), CliError>,
    format: Format,
    verbose: bool,
) -> Result<(), CliError> {
    let session = host::start_with(&args.host, true, format, verbose)?;
    let calls = session.run(async {
        let plugin = loaded(session, args).await?;
        answers(&plugin, args, decided, answered, format, verbose).await
    });
    progress::clear();
    calls
}

/// The plugin in the file as the command line says, or the installed one of this id as its configuration says.
async fn loaded(session: &'static Session, args: &CallArgs) -> Result<Plugin, CliError> {
    let Some(id) = installed::id(&args.file) else {
        let (file, limits) = (args.file.clone(), limits(args));
        let options = load_options(&session.host, file, &args.grant, &args.set, limits).await?;
        return Ok(session.load(args.file.clone(), options).await?);
    };
    let own = [
        ("--set", !args.set.is_empty()),
        ("--fuel", args.fuel.is_some()),
        ("--memory", args.memory.is_some()),
    ];
    installed::refuse(&id, &[&args.grant.given()[..], &own].concat())?;
    Installed::open(session, &args.host).await?.plugin(&id)
}

/// Calls a tool of a plugin that is loaded, once for each `--args`, and prints what it answers, each in one JSON document a line
/// where it is printed as JSON.
pub(super) async fn on(
    plugin: &Plugin,
    args: &CallArgs,
    format: Format,
    verbose: bool,
) -> Result<(), CliError> {
    let answered = |answer: &ToolOutput| render::output(answer, true, format);
    answers(plugin, args, &Decided::default(), answered, format, verbose).await
}

async fn answers(
    plugin: &Plugin,
    args: &CallArgs,
    decided: &Decided,
    answered: impl Fn(&ToolOutput) -> Result<(), CliError>,
    format: Format,
    verbose: bool,
) -> Result<(), CliError> {
    for arguments in all_arguments(plugin, args)? {
        let begun = Instant::now();
        let answer = call(plugin, args, arguments, decided, format).await;
        let answer = answer.map_err(|error| told(error, decided, plugin))?;
        if verbose {
            output::note(&format!("{DIM}answered in {:.1?}{DIM:#}", begun.elapsed()));
        }
        progress::clear();
        answered(&answer)?;
    }
    decided::note(&Refused::all(decided.denials(), plugin), format);
    Ok(())
}

/// What the command line says of the plugin's limits.
pub(super) fn limits(args: &CallArgs) -> LimitOverrides {
    LimitOverrides {
        fuel: args.fuel,
        memory_bytes: args.memory.map(|size| size.as_u64()),
        ..LimitOverrides::default()
    }
}

/// What the command line says as the plugin's operator: its settings, and what it may reach.
pub(super) async fn load_options(
    host: &Host,
    source: impl Into<Source>,
    grant: &GrantArgs,
    set: &[Assignment],
    limits: LimitOverrides,
) -> Result<LoadOptions, CliError> {
    let grant = grant.grant();
    slots_filled(&grant)?;
    let mut config = Map::new();
    if !set.is_empty() {
        let manifest = host.inspect(source).await?.manifest;
        let schema = manifest
            .as_ref()
            .and_then(|manifest| manifest.config.as_ref());
        arguments::assign(
            &mut config,
            set,
            "--set",
            schema.map_or(&Value::Null, |schema| schema.as_json()),
        )?;
    }
    Ok(LoadOptions {
        grant,
        config,
        limits,
        ..LoadOptions::default()
    })
}

/// A call's error, with all that an operator can do about it.
fn told(error: CliError, decided: &Decided, plugin: &Plugin) -> CliError {
    let CliError::Host(error) = error else {
        return error;
    };
    let may_lack = matches!(
        error.kind(),
        ErrorKind::Tool | ErrorKind::Start | ErrorKind::Trapped | ErrorKind::Denied
    );
    CliError::Call {
        error: Box::new(error),
        refused: Refused::all(decided.denials(), plugin),
        lost: if may_lack {
            decided::silently_lost(plugin)
        } else {
            Vec::new()
        },
    }
}

/// Every slot that a granted or denied capability has must be filled: else it means nothing, or far too much.
fn slots_filled(grant: &Grant) -> Result<(), CliError> {
    let capabilities = [grant.allowed(), grant.denied(), grant.askable()].concat();
    let fill = |capability: &Capability| grant.slots().fill(capability).err();
    let mut errors: Vec<SlotError> = Vec::new();
    for error in capabilities.iter().filter_map(fill) {
        if !errors.contains(&error) {
            errors.push(error);
        }
    }
    match errors.is_empty() {
        true => Ok(()),
        false => Err(CliError::Slots(errors)),
    }
}

/// The arguments of each call, checked before the first.
fn all_arguments(plugin: &Plugin, args: &CallArgs) -> Result<Vec<Map<String, Value>>, CliError> {
    // A tool that isn't there has no schema; the call itself says so, with the nearest name.
    let schema = plugin
        .tool(&args.tool)
        .map_or(&Value::Null, |tool| &tool.input_schema);
    let mut assigned = Map::new();
    arguments::assign(&mut assigned, &args.arg, "--arg", schema)?;
    if args.args.is_empty() {
        return Ok(vec![assigned]);
    }
    let objects = args.args.iter().map(|source| {
        let mut object = arguments::object(source)?;
        object.extend(assigned.clone());
        Ok(object)
    });
    objects.collect()
}

async fn call(
    plugin: &Plugin,
    args: &CallArgs,
    arguments: Map<String, Value>,
    decided: &Decided,
    format: Format,
) -> Result<ToolOutput, CliError> {
    let cancel = Cancellation::new();
    // Nobody else could name a session of a host that lives for one command.
    let keeps_sessions = plugin.instance_policy() == InstancePolicy::Session;
    let takes_input = plugin
        .tool(&args.tool)
        .is_some_and(|tool| tool.streams.input);
    let decided = decided.clone();
    let options = CallOptions {
        on_decision: Some(Arc::new(move |request, decision| {
            decided.take(request, decision);
        })),
        timeout: args.timeout,
        cancel: Some(cancel.clone()),
        session: keeps_sessions.then(|| "command-line".to_string()),
        input: takes_input.then(input::lines),
        on_progress: (!args.stream).then(|| Arc::new(|report| progress::show(&report)) as _),
        ..CallOptions::default()
    };
    let arguments = Value::Object(arguments);
    if args.stream {
        return interruptible(
            &cancel,
            streamed(plugin, &args.tool, arguments, options, format),
        )
        .await;
    }
    interruptible(&cancel, async {
        Ok(plugin.call(&args.tool, arguments, options).await?)
    })
    .await
}

/// Calls a tool and prints its events as they come.
async fn streamed(
    plugin: &Plugin,
    tool: &str,
    arguments: Value,
    options: CallOptions,
    format: Format,
) -> Result<ToolOutput, CliError> {
    let mut events = plugin.call_streaming(tool, arguments, options).await?;
    while let Some(event) = events.next().await {
        render::event(&event, format)?;
    }
    Ok(events.output().await?)
}

/// Runs a call until it ends or is interrupted: Ctrl-C asks the tool to stop, a second one does not ask.
async fn interruptible(
    cancel: &Cancellation,
    call: impl Future<Output = Result<ToolOutput, CliError>>,
) -> Result<ToolOutput, CliError> {
    let call = pin!(call);
    let call = match select(call, pin!(interrupt())).await {
        Either::Left((answer, _)) => return answer,
        Either::Right(((), call)) => call,
    };
    cancel.cancel();
    match select(call, pin!(interrupt())).await {
        Either::Left((answer, _)) => answer,
        Either::Right(_) => Err(Error::Cancelled.into()),
    }
}

/// Waits for Ctrl-C; where that can't be listened for, for ever.
pub(super) async fn interrupt() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
