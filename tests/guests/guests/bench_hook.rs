//! What benchmarks of hooks call: a gate that lets everything pass.

use portcullis_guest_sdk::hook::BeforeToolCallMetadata;
use portcullis_guest_sdk::prelude::*;

#[plugin_hook("before-tool-call", mode = gate)]
fn proceed(_call: BeforeToolCallMetadata) -> Verdict {
    Verdict::Proceed
}
