//! What a person sees, and is asked.

use std::io::Write as _;
use std::sync::Arc;

use async_trait::async_trait;
use portcullis_host_agent::escape;
use portcullis_host_agent::tool::{Answer, ApprovalRequest, Approver};
use tokio::sync::{Mutex, mpsc};

/// Lines that are read before somebody wants them.
const LINES_AHEAD: usize = 16;

/// Something that a person is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A piece of an answer, as it comes in. Only where no hook can still change the answer.
    Delta(String),
    /// A model answered in so many pieces, which were held back until hooks had seen them.
    Streamed {
        /// The model.
        model: String,
        /// How many pieces.
        pieces: usize,
    },
    /// A whole answer, where its pieces were not shown.
    Answer(String),
    /// A tool is called.
    Tool {
        /// Its qualified name.
        name: String,
        /// With what.
        arguments: String,
    },
    /// What came of it, cut to a line.
    Result {
        /// Its qualified name.
        name: String,
        /// Whether it failed.
        failed: bool,
        /// The result.
        text: String,
    },
    /// A hook stopped something.
    Stopped {
        /// What.
        what: &'static str,
        /// Who and why.
        why: String,
    },
    /// A hook asked for something, and this came of it.
    Action {
        /// Who asked for what.
        what: String,
        /// Why not, where it was refused.
        refused: Option<String>,
    },
    /// A line above the conversation.
    Header(String),
    /// A line beside the conversation.
    Status(String),
    /// Something about the agent itself.
    Note(String),
    /// Something that a person is asked, over several lines.
    Question(String),
}

/// Where it is shown.
pub trait Ui: Send + Sync {
    /// Shows it.
    fn show(&self, shown: Shown);
}

/// Lines on standard output.
#[derive(Debug, Default)]
pub struct Terminal;

impl Ui for Terminal {
    fn show(&self, shown: Shown) {
        let mut out = std::io::stdout().lock();
        // A terminal that is gone is no reason to stop.
        let _ = match shown {
            Shown::Delta(text) => write!(out, "{}", escape::text(&text)).and_then(|()| out.flush()),
            other => writeln!(out, "{}", line(&other)),
        };
    }
}

/// What is shown, as a line of text without anything that a terminal obeys.
pub fn line(shown: &Shown) -> String {
    match shown {
        Shown::Delta(text) => escape::text(text).into_owned(),
        Shown::Streamed { model, pieces } => {
            format!("  ~ {} answered in {pieces} pieces", escape::line(model))
        }
        Shown::Answer(text) => format!("agent> {}", escape::text(text)),
        Shown::Tool { name, arguments } => {
            format!("  > {} {}", escape::line(name), escape::line(arguments))
        }
        Shown::Result { name, failed, text } => {
            let mark = if *failed { "!" } else { "<" };
            format!("  {mark} {}: {}", escape::line(name), escape::line(text))
        }
        Shown::Stopped { what, why } => format!("  x {what} stopped by {}", escape::line(why)),
        Shown::Action { what, refused } => match refused {
            None => format!("  * {}", escape::line(what)),
            Some(why) => format!("  * {}: refused, {}", escape::line(what), escape::line(why)),
        },
        Shown::Header(text) => format!("== {} ==", escape::line(text)),
        Shown::Status(text) => format!("  [{}]", escape::line(text)),
        Shown::Note(text) => format!("# {}", escape::line(text)),
        Shown::Question(text) => format!("? {}", escape::text(text)),
    }
}

/// The lines that a person types: messages, and answers to questions. Who asks takes the next one.
#[derive(Debug)]
pub struct Keyboard(Mutex<mpsc::Receiver<String>>);

impl Default for Keyboard {
    fn default() -> Self {
        let (sender, lines) = mpsc::channel(LINES_AHEAD);
        // A thread of its own, which the end of the process does not wait for: a read of standard input can't be given up.
        std::thread::spawn(move || {
            for line in std::io::stdin().lines().map_while(Result::ok) {
                if sender.blocking_send(line).is_err() {
                    break;
                }
            }
        });
        Self(Mutex::new(lines))
    }
}

impl Keyboard {
    /// The next line; none at the end of the input.
    pub async fn line(&self) -> Option<String> {
        self.0.lock().await.recv().await
    }

    /// Asks something, and gives the next line that is typed once it is shown. One question at a time: what is typed answers the one
    /// that is to be seen, and nothing that was typed before does.
    pub async fn ask(&self, show: impl FnOnce()) -> Option<String> {
        let mut lines = self.0.lock().await;
        while lines.try_recv().is_ok() {}
        show();
        lines.recv().await
    }
}

/// Asks the person at the terminal. Nothing but what they type there is an answer: no message of a model or a plugin comes here.
pub struct AskPerson {
    /// Where they type.
    pub keyboard: Arc<Keyboard>,
    /// Where they read.
    pub ui: Arc<dyn Ui>,
}

#[async_trait]
impl Approver for AskPerson {
    async fn approve(&self, request: &ApprovalRequest) -> Answer {
        let question = format!("{request}\nonce, for this session, or not? [y/s/N]");
        let show = || self.ui.show(Shown::Question(question));
        match self.keyboard.ask(show).await.as_deref().map(str::trim) {
            Some("y" | "yes") => Answer::Once,
            Some("s" | "session") => Answer::Session,
            _ => Answer::No(None),
        }
    }
}
