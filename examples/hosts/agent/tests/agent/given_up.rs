//! A run that is given up at any point leaves nothing half done.

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use agent_host::run::Outcome;
use agent_host::session::Session;
use portcullis_host_agent::core::Cancellation;

use crate::support::{Transcript, demo};

/// Polls a future so often, and drops it. None where that was not often enough.
async fn given_up<T>(work: impl Future<Output = T>, mut polls: usize) -> Option<T> {
    let mut work = pin!(work);
    std::future::poll_fn(|cx| {
        if polls == 0 {
            return Poll::Ready(None);
        }
        polls -= 1;
        work.as_mut().poll(cx).map(Some)
    })
    .await
}

/// Whole turns alone: the message with the tools that were asked for and what they answered, two turns, all three.
fn assert_whole(session: &Session, polls: usize) {
    let said = session.messages.len();
    let turns = [0, 3, 5, 6].iter().position(|whole| *whole == said);
    assert_eq!(
        turns,
        Some(session.turns as usize),
        "{said} messages after {polls} polls"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_given_up_at_any_point_leaves_whole_turns_and_nothing_that_runs() {
    let transcript = Arc::new(Transcript::default());
    let demo = demo(&transcript).await;
    let cancel = Cancellation::new();
    let mut polls = 0;
    loop {
        let mut session = demo.agent.open("given-up").await.unwrap();
        let run = demo
            .agent
            .handle(&mut session, "How long are my notes?", &cancel);
        let ended = given_up(run, polls).await;
        assert_whole(&session, polls);
        demo.agent.close(session, "asked");
        if let Some(outcome) = ended {
            assert!(matches!(outcome, Outcome::Answered(_)), "{outcome:?}");
            break;
        }
        polls += 1;
    }
    assert!(
        polls > 3,
        "it ended after {polls} polls, and has three requests to wait for"
    );
    demo.agent.stop("asked").await;
    assert_eq!(demo.host.stats().live_instances, 0);
    assert_eq!(demo.host.stats().calls_in_flight, 0);
}
