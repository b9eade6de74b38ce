//! The terminal: `agent` talks with whoever types, `agent --message TEXT` answers once, `agent --demo FOLDER` shows everything.

use std::io::IsTerminal as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use agent_host::agent::{Agent, Settings, approvals};
use agent_host::session::Session;
use agent_host::setup::{self, Args};
use agent_host::ui::{AskPerson, Keyboard, Shown, Terminal, Ui};
use clap::Parser as _;
use portcullis_host_agent::core::Cancellation;
use portcullis_host_agent::tool::Unattended;
use tokio::signal::unix::{SignalKind, signal};

/// How often the agent says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// How long a run that was asked to end may take to do so before it is dropped.
const GRACE: Duration = Duration::from_secs(1);

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into()),
        )
        .init();
    let args = Args::parse();
    let done = match &args.demo {
        Some(folder) => show(folder, &args).await,
        None => converse(&args).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn show(folder: &Path, args: &Args) -> anyhow::Result<()> {
    agent_host::demo::run(folder, setup::planner(args)?, Arc::new(Terminal)).await
}

async fn converse(args: &Args) -> anyhow::Result<()> {
    let ui: Arc<dyn Ui> = Arc::new(Terminal);
    let keyboard = Arc::new(Keyboard::default());
    let approvals = if std::io::stdin().is_terminal() {
        approvals(AskPerson {
            keyboard: Arc::clone(&keyboard),
            ui: Arc::clone(&ui),
        })
    } else {
        approvals(Unattended::allowing(args.allow_tool.iter().cloned()))
    };
    let extensions = Arc::new(setup::extensions(args)?.build());
    let plugged = setup::plug_in(args, &extensions, &approvals).await?;
    let settings = Settings {
        model: args.model.clone(),
        ..Settings::default()
    };
    let agent = Agent::new(extensions, settings, approvals, ui, setup::redactor(args)?);
    agent.start().await?;
    let talked = talk(&agent, args, &keyboard).await;
    // What was started is stopped, however the talk ended.
    agent
        .stop(talked.as_ref().copied().unwrap_or("failed"))
        .await;
    drop(plugged);
    talked.map(drop)
}

/// Works on messages until there are no more, or a signal comes. Gives the reason why it ended.
async fn talk(agent: &Agent, args: &Args, keyboard: &Keyboard) -> anyhow::Result<&'static str> {
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    let mut heartbeat = tokio::time::interval(HEARTBEAT);
    let mut session = agent.open("terminal").await?;
    let mut given = args.message.iter();
    let reason = loop {
        let next = async {
            match given.next() {
                Some(message) => Some(message.clone()),
                None if args.message.is_empty() => keyboard.line().await,
                None => None,
            }
        };
        let message = tokio::select! {
            message = next => message,
            _ = heartbeat.tick() => { agent.heartbeat(); continue }
            _ = interrupt.recv() => break "signal",
            _ = terminate.recv() => break "signal",
        };
        let Some(message) = message else {
            break "end-of-input";
        };
        if message.trim().is_empty() {
            continue;
        }
        let ended = tokio::select! {
            () = answer(agent, &mut session, &message, &mut interrupt) => false,
            _ = terminate.recv() => true,
        };
        if ended {
            break "signal";
        }
    };
    agent.close(session, reason);
    Ok(reason)
}

/// Works on one message. An interrupt asks the run to end, and then drops it.
async fn answer(
    agent: &Agent,
    session: &mut Session,
    message: &str,
    interrupt: &mut tokio::signal::unix::Signal,
) {
    let cancel = Cancellation::new();
    let given_up = async {
        interrupt.recv().await;
        cancel.cancel();
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        _ = agent.handle(session, message, &cancel) => {}
        () = given_up => agent.note(Shown::Note("the run was given up".to_owned())),
    }
}
