//! One tool that does what it is told. The guest brings `crate::run`.

use portcullis_guest_sdk::prelude::*;

/// What to do, and with what.
#[plugin_type]
#[derive(Clone, Default)]
#[serde(default)]
pub(crate) struct Act {
    pub(crate) what: String,
    pub(crate) path: String,
    pub(crate) to: String,
    pub(crate) number: u64,
}

/// Does it, and answers with what came of it: a text, or the code of an error.
#[plugin_tool]
async fn act(#[args] act: Act) -> String {
    crate::run(act).await.unwrap_or_else(|code| code)
}
