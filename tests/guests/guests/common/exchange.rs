//! What the guests that make requests take and give.

use portcullis_guest_sdk::prelude::*;

/// What came back.
#[plugin_type]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// Header values may be any bytes; these answers are text.
pub(crate) fn text(bytes: impl AsRef<[u8]>) -> String {
    String::from_utf8_lossy(bytes.as_ref()).into_owned()
}
