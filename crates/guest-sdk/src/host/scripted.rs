//! A test host.

use std::cell::RefCell;

use crate::log::Level;
use crate::types::Progress;

thread_local! {
    static LOG: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

pub(crate) fn log(_level: Level, _message: &str, _fields: &[(String, String)]) {}
pub(crate) fn config_all() -> String {
    "{}".to_owned()
}
pub(crate) fn report_progress(_call_id: &str, _progress: &Progress) {}
pub(crate) fn cancel_requested(_call_id: &str) -> bool {
    false
}
pub(crate) async fn cancel_wait(_call_id: String) {
    std::future::pending().await
}
