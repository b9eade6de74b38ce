//! Uses an interface that is no part of the contract: its host's own program offers it.

use portcullis_guest_sdk::prelude::*;

wit_bindgen::generate!({
    inline: r#"
        package portcullis:guest;

        world guest {
            import acme:billing/invoices@1.0.0;
        }

        package acme:billing@1.0.0 {
            interface invoices {
                total: func(month: string) -> result<u64, string>;
            }
        }
    "#,
    world: "portcullis:guest/guest",
    generate_all,
});

use acme::billing::invoices;

/// Adds up the invoices of a month.
#[plugin_tool(read_only)]
fn total(
    /// Such as `2026-11`.
    month: String,
) -> Result<u64, ToolError> {
    invoices::total(&month).map_err(|message| match message.as_str() {
        "denied" => ToolError::denied("this plugin may not see invoices"),
        _ => ToolError::not_found(message),
    })
}
