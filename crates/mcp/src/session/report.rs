//! What a call says while it runs, in order, and before its answer.
#![expect(
    deprecated,
    reason = "clients of today take logging notifications; 2026-07-28 only announces that they go"
)]

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use portcullis_host_agent::core::{Content, Progress, ToolEvent};
use portcullis_host_agent::escape;
use portcullis_host_agent::tool::OnEvent;
use rmcp::RoleServer;
use rmcp::model::{
    LoggingLevel, LoggingMessageNotificationParam, NumberOrString, ProgressNotificationParam,
    ProgressToken,
};
use rmcp::service::RequestContext;
use tokio::sync::{mpsc, oneshot};

use super::call::is_modern;

/// How many reports of one call wait for a client that reads slowly. What comes then is left out: a guest does not wait for who reads
/// its progress.
const WAITING: usize = 256;

/// How much of a piece of an answer is shown as it comes, in characters; the answer has all of it.
const PIECE_CHARS: usize = 200;

/// Something that a call says. Each call has a queue of them, with room for several.
pub(super) enum Report {
    Progress(Box<ProgressNotificationParam>),
    Line(Box<LoggingMessageNotificationParam>),
}

/// Takes reports without waiting.
#[derive(Clone)]
pub(super) struct Reports(mpsc::Sender<Report>);

impl Reports {
    pub(super) fn tell(&self, report: Report) {
        // One that finds no room is left out.
        let _ = self.0.try_send(report);
    }

    /// Takes a tool's progress, and the pieces of a streaming tool's answer, which are progress where it reports none.
    pub(super) fn on_event(self) -> OnEvent {
        let steps = Mutex::new(Steps::default());
        Arc::new(move |event| {
            let mut steps = steps.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(told) = steps.take(event) {
                self.tell(Report::Progress(Box::new(told)));
            }
        })
    }
}

/// How far a call has come. The protocol's progress only rises.
#[derive(Default)]
struct Steps {
    last: Option<f64>,
    pieces: u32,
    reports: bool,
}

impl Steps {
    /// What is told of an event, but for the token.
    fn take(&mut self, event: ToolEvent) -> Option<ProgressNotificationParam> {
        let progress = match event {
            ToolEvent::Progress(progress) => {
                self.reports = true;
                progress
            }
            ToolEvent::Content(piece) if !self.reports => {
                self.pieces += 1;
                Progress {
                    done: f64::from(self.pieces),
                    total: None,
                    message: text(piece),
                }
            }
            _ => return None,
        };
        let rises = self.last.is_none_or(|last| progress.done > last);
        if !progress.done.is_finite() || !rises {
            return None;
        }
        self.last = Some(progress.done);
        let token = ProgressToken(NumberOrString::Number(0));
        let mut told = ProgressNotificationParam::new(token, progress.done);
        told.total = progress.total.filter(|total| total.is_finite());
        told.message = progress
            .message
            .map(|text| escape::text(&text).into_owned());
        Some(told)
    }
}

fn text(piece: Content) -> Option<String> {
    match piece {
        Content::Text(text) => Some(text.chars().take(PIECE_CHARS).collect()),
        _ => None,
    }
}

/// What a call says, and where it comes out.
pub(super) fn reports() -> (Reports, mpsc::Receiver<Report>) {
    let (sender, receiver) = mpsc::channel(WAITING);
    (Reports(sender), receiver)
}

/// Does some work on a request, and tells its client meanwhile what the call says. All that was said is told when the work is done.
pub(super) async fn reporting<W: Future>(
    context: &RequestContext<RoleServer>,
    reports: &mut mpsc::Receiver<Report>,
    work: W,
) -> W::Output {
    let (done, mut ended) = oneshot::channel::<()>();
    let work = async {
        let result = work.await;
        drop(done);
        result
    };
    let tell = async {
        loop {
            tokio::select! {
                biased;
                Some(report) = reports.recv() => send(context, report).await,
                // Somebody may still hold a sender, and has nothing more to say for now.
                _ = &mut ended => break,
            }
        }
    };
    futures::join!(work, tell).0
}

async fn send(context: &RequestContext<RoleServer>, report: Report) {
    // One that can't be told is gone, and its call ends with it.
    let _ = match report {
        Report::Progress(mut progress) => {
            // Each round of a request has a token of its own.
            let Some(token) = context.meta.get_progress_token() else {
                return;
            };
            progress.progress_token = token;
            context.peer.notify_progress(*progress).await
        }
        // Each round says for itself what it wants to hear.
        Report::Line(line) if is_modern(context) && !wants(context, line.level) => return,
        Report::Line(line) => context.peer.notify_logging_message(*line).await,
    };
}

/// Whether a request wants to hear lines of this level.
fn wants(context: &RequestContext<RoleServer>, level: LoggingLevel) -> bool {
    let least = context.meta.log_level();
    least.is_some_and(|least| level as u8 >= least as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(done: f64) -> ToolEvent {
        ToolEvent::Progress(Progress {
            done,
            total: Some(2.0),
            message: None,
        })
    }

    #[test]
    fn progress_only_rises() {
        let mut steps = Steps::default();
        let mut told = |done| steps.take(progress(done)).map(|told| told.progress);
        assert_eq!(told(0.0), Some(0.0));
        assert_eq!(told(0.0), None);
        assert_eq!(told(f64::NAN), None);
        assert_eq!(told(1.0), Some(1.0));
        assert_eq!(told(0.5), None);
    }

    #[test]
    fn pieces_are_progress_where_a_tool_reports_none() {
        let mut steps = Steps::default();
        let piece = |text: &str| ToolEvent::Content(Content::Text(text.to_owned()));
        let told = steps.take(piece("one\u{1b}")).unwrap();
        assert_eq!(told.progress, 1.0);
        assert_eq!(told.message.as_deref(), Some("one\\u{1b}"));
        assert_eq!(steps.take(piece("two")).unwrap().progress, 2.0);
        assert_eq!(steps.take(progress(5.0)).unwrap().progress, 5.0);
        assert!(steps.take(piece("three")).is_none());
    }
}
