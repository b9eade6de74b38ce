//! A run that is given up at any point leaves nothing half done.

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

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

/// Whole turns, and a role that is played whole or not at all.
fn assert_whole(session: &Session, polls: usize) {
    let said = session.messages.len();
    assert!(
        said == 0 || said == 2,
        "{said} messages after {polls} polls"
    );
    let playing = session.play.lock();
    let switched = playing.role.is_some();
    assert_eq!(
        playing.model == "demo-large",
        switched,
        "after {polls} polls"
    );
    assert_eq!(
        playing.prompt.starts_with("You design posters"),
        switched,
        "after {polls} polls"
    );
    assert_eq!(playing.tools.is_some(), switched, "after {polls} polls");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_given_up_at_any_point_leaves_nothing_half_done() {
    let transcript = Arc::new(Transcript::default());
    let demo = demo(&transcript).await;
    let cancel = Cancellation::new();
    let mut polls = 0;
    loop {
        let mut session = demo.agent.open("given-up").await.unwrap();
        let run = demo
            .agent
            .handle(&mut session, "Now design a poster for the talk.", &cancel);
        let ended = given_up(run, polls).await;
        assert_whole(&session, polls);
        demo.agent.close(session, "asked");
        if ended.is_some() {
            break;
        }
        polls += 1;
    }
    assert!(polls > 10, "it ended after {polls} polls, which is no turn");
    demo.agent.stop("asked").await;
    assert_eq!(demo.host.stats().live_instances, 0);
    assert_eq!(demo.host.stats().calls_in_flight, 0);
}
