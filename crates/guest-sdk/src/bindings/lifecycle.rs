//! The export for plugins that are started with their settings.

use self::exports::portcullis::host::lifecycle::{Guest, HostError};
use super::Plugin;
use crate::rt;

wit_bindgen::generate!({
    world: "portcullis:plugin/configured-plugin",
    path: "wit",
    generate_all,
    type_section_suffix: "lifecycle",
});

export!(Plugin);

impl Guest for Plugin {
    async fn start(settings: String) -> Result<(), HostError> {
        rt::start(settings).await.map_err(|error| HostError {
            code: error.code,
            message: error.message,
            retryable: error.retryable,
        })
    }
}
