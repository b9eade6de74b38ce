//! Tools of other plugins.
//!
//! ```
//! use portcullis_guest_sdk::prelude::*;
//! use portcullis_guest_sdk::testing::{Host, json};
//!
//! /// Says whether to take an umbrella along.
//! #[plugin_tool(read_only)]
//! async fn umbrella(city: String) -> Result<bool, ToolError> {
//!     let weather = invoke::call("org.example.weather/now", &json!({ "city": city })).await?;
//!     Ok(weather.text().contains("rain"))
//! }
//!
//! let host = Host::new().invoke("org.example.weather/now", Ok("rain, 12 °C".into()));
//! assert_eq!(host.call("umbrella", json!({ "city": "Bergen" })).unwrap().text(), "true");
//! assert_eq!(host.invoked(), [("org.example.weather/now".into(), json!({ "city": "Bergen" }))]);
//! ```
//!
//! The manifest asks for each tool: `request = ["invoke:org.example.weather/now"]`. The tool works under its own plugin's grants and
//! within this call's time.

use serde::Serialize;

use crate::error::ToolError;
use crate::types::ToolOutput;

/// Calls the tool of this qualified name, `PLUGIN/TOOL`, with arguments that make a JSON object.
///
/// # Errors
/// The tool's own; `denied`, if nobody allowed the call; `invalid-arguments`, if they have no JSON form.
pub async fn call(tool: &str, arguments: &impl Serialize) -> Result<ToolOutput, ToolError> {
    let arguments = serde_json::to_string(arguments).map_err(|error| {
        ToolError::invalid_arguments(format!(
            "the arguments of `{tool}` have no JSON form: {error}"
        ))
    })?;
    crate::host::invoke_call(tool, arguments).await
}
