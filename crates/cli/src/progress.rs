//! What moves on stderr while something takes its time; only where stderr is a terminal.

use crate::escape;
use indicatif::{ProgressBar, ProgressStyle};
use portcullis_host_core::{LoadProgress, Progress};
use std::io::IsTerminal;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Work that is done sooner shows nothing: a spinner that flashes by says less than none.
const PATIENCE: Duration = Duration::from_secs(1);

/// The one bar on the terminal, so that lines can be written above it.
static BAR: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Writes with the bar out of the way.
pub(crate) fn suspended<T>(write: impl FnOnce() -> T) -> T {
    let bar = BAR.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match bar {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}

/// Shows how far a call has come.
pub(crate) fn show(progress: &Progress) {
    if !std::io::stderr().is_terminal() {
        return;
    }
    let mut slot = BAR.lock().unwrap_or_else(PoisonError::into_inner);
    let bar = slot.get_or_insert_with(ProgressBar::new_spinner);
    if let Some(total) = progress.total.filter(|total| *total > 0.0) {
        // A guest may count in fractions; the bar counts in thousandths.
        bar.set_style(style("{bar:30} {percent}% {msg}"));
        bar.set_length(1000);
        bar.set_position((progress.done / total * 1000.0) as u64);
    } else {
        bar.set_style(style("{spinner} {msg}"));
    }
    bar.set_message(escape::line(
        progress.message.as_deref().unwrap_or_default(),
    ));
    bar.tick();
}

/// What shows how many plugins are loaded, once that has taken a while; nothing where there is no terminal to show it on.
pub(crate) fn loading() -> Option<Arc<dyn Fn(LoadProgress) + Send + Sync>> {
    let begun = Instant::now();
    std::io::stderr().is_terminal().then(|| {
        let show_late = move |LoadProgress { done, total }| {
            if begun.elapsed() > PATIENCE {
                show(&Progress {
                    done: done as f64,
                    total: Some(total as f64),
                    message: Some(format!("{done} of {total} plugins")),
                });
            }
        };
        Arc::new(show_late) as _
    })
}

/// Takes the bar away.
pub(crate) fn clear() {
    if let Some(bar) = BAR.lock().unwrap_or_else(PoisonError::into_inner).take() {
        bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// A spinner that appears if what it stands for takes longer than [`PATIENCE`], and goes when it is dropped.
pub(crate) struct Spinner {
    message: &'static str,
    running: Arc<Mutex<Option<Running>>>,
}

/// The spinner's thread, and what ends it when it is dropped.
type Running = (Sender<()>, JoinHandle<()>);

impl Spinner {
    pub(crate) fn new(message: &'static str) -> Self {
        Self {
            message,
            running: Arc::default(),
        }
    }

    /// What to call when the work begins; nothing where there is no terminal to show it on.
    pub(crate) fn starter(&self) -> Option<Arc<dyn Fn() + Send + Sync>> {
        if !std::io::stderr().is_terminal() {
            return None;
        }
        let (running, message) = (self.running.clone(), self.message);
        Some(Arc::new(move || {
            let mut running = running.lock().unwrap_or_else(PoisonError::into_inner);
            running.get_or_insert_with(|| {
                let (ended, end) = mpsc::channel();
                let spin = thread::spawn(move || {
                    if end.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                        let bar = ProgressBar::new_spinner().with_message(message);
                        bar.enable_steady_tick(Duration::from_millis(100));
                        *BAR.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar);
                        let _ = end.recv();
                        clear();
                    }
                });
                (ended, spin)
            });
        }))
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        if let Some((ended, spin)) = self
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
        {
            drop(ended);
            let _ = spin.join();
        }
    }
}
