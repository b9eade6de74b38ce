//! The host's side of the contract in native tests: answers come from the script of the [`crate::testing::Host`] that
//! is in charge on this thread.

mod asking;
mod http;
mod keeping;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Poll, Waker};

use serde_json::{Map, Value};

use crate::log::Level;
use crate::testing::LogLine;
use crate::types::Progress;

pub(crate) use asking::{ask, invoke_call, llm_chat, planner_solve, retrieval_search};
pub(crate) use http::http_send;
pub(crate) use keeping::{
    secret_exists, secret_reveal, state_delete, state_get, state_keys, state_set,
};

/// What a test host answers, and what it was told.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) config: RefCell<Map<String, Value>>,
    pub(crate) cancelled: Cell<bool>,
    pub(crate) cancel_at: Cell<Option<f64>>,
    pub(crate) logs: RefCell<Vec<LogLine>>,
    pub(crate) progress: RefCell<Vec<Progress>>,
    pub(crate) http: http::Exchange,
    pub(crate) secrets: RefCell<keeping::Secrets>,
    pub(crate) state: keeping::Store,
    pub(crate) agent: asking::Agent,
    pub(crate) changed: RefCell<Vec<String>>,
    waiting: RefCell<Vec<Waker>>,
}

thread_local! {
    static IN_CHARGE: RefCell<Vec<Rc<Script>>> = const { RefCell::new(Vec::new()) };
}

/// Puts a script in charge of this thread until it is dropped.
pub(crate) struct InCharge;

impl InCharge {
    pub(crate) fn put(script: &Rc<Script>) -> Self {
        IN_CHARGE.with_borrow_mut(|scripts| scripts.push(Rc::clone(script)));
        Self
    }
}

impl Drop for InCharge {
    fn drop(&mut self) {
        IN_CHARGE.with_borrow_mut(|scripts| scripts.pop());
    }
}

impl Script {
    pub(crate) fn cancel(&self) {
        self.cancelled.set(true);
        for waker in self.waiting.take() {
            waker.wake();
        }
    }
}

fn in_charge() -> Option<Rc<Script>> {
    IN_CHARGE.with_borrow(|scripts| scripts.last().cloned())
}

pub(crate) fn log(level: Level, message: &str, fields: &[(String, String)]) {
    if let Some(script) = in_charge() {
        script.logs.borrow_mut().push(LogLine {
            level,
            message: message.to_owned(),
            fields: fields.to_vec(),
        });
    }
}

pub(crate) fn config_all() -> String {
    match in_charge() {
        Some(script) => Value::Object(script.config.borrow().clone()).to_string(),
        None => "{}".to_owned(),
    }
}

pub(crate) fn report_progress(_call_id: &str, progress: &Progress) {
    if let Some(script) = in_charge() {
        script.progress.borrow_mut().push(progress.clone());
        if script
            .cancel_at
            .get()
            .is_some_and(|limit| progress.done >= limit)
        {
            script.cancel();
        }
    }
}

#[cfg(feature = "resource")]
pub(crate) fn resource_changed(uri: &str) {
    if let Some(script) = in_charge() {
        script.changed.borrow_mut().push(uri.to_owned());
    }
}

pub(crate) fn cancel_requested(_call_id: &str) -> bool {
    in_charge().is_some_and(|script| script.cancelled.get())
}

pub(crate) async fn cancel_wait(_call_id: String) {
    std::future::poll_fn(|context| match in_charge() {
        Some(script) if script.cancelled.get() => Poll::Ready(()),
        Some(script) => {
            script.waiting.borrow_mut().push(context.waker().clone());
            Poll::Pending
        }
        None => Poll::Pending,
    })
    .await;
}
