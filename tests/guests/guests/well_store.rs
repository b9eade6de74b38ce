//! Does with its store what it is told, through either of the two interfaces.

use portcullis_guest_sdk::prelude::*;

mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: r#"
            package portcullis:guest;

            world guest {
                import portcullis:host/state@0.1.0;
                import portcullis:host/state-sync@0.1.0;
            }
        "#,
        world: "portcullis:guest/guest",
        generate_all,
    });
}

use bindings::portcullis::host::host_types::HostError;
use bindings::portcullis::host::{state, state_sync};

fn told(error: HostError) -> ToolError {
    ToolError::new(error.code, error.message).retryable(error.retryable)
}

/// Answers value and version of an entry.
#[plugin_tool]
async fn get(key: String, sync: bool) -> Result<Option<(String, String)>, ToolError> {
    let found = if sync {
        state_sync::get(&key)
    } else {
        state::get(key).await
    };
    let told = found.map_err(told)?.map(|entry| {
        let value = String::from_utf8_lossy(&entry.value).into_owned();
        (value, entry.version)
    });
    Ok(told)
}

/// Writes an entry and answers its version.
#[plugin_tool]
async fn set(
    key: String,
    value: String,
    expected: Option<String>,
    sync: bool,
) -> Result<String, ToolError> {
    let version = if sync {
        state_sync::set(&key, value.as_bytes(), expected.as_deref())
    } else {
        state::set(key, value.into_bytes(), expected).await
    };
    version.map_err(told)
}

/// Removes an entry.
#[plugin_tool]
async fn delete(key: String, sync: bool) -> Result<(), ToolError> {
    let deleted = if sync {
        state_sync::delete(&key)
    } else {
        state::delete(key).await
    };
    deleted.map_err(told)
}

/// Answers keys.
#[plugin_tool]
async fn keys(prefix: String, limit: u32, sync: bool) -> Result<Vec<String>, ToolError> {
    let keys = if sync {
        state_sync::keys(&prefix, limit)
    } else {
        state::keys(prefix, limit).await
    };
    keys.map_err(told)
}

/// Writes so many entries of a kibibyte, and answers how many were taken and the code that ended it.
#[plugin_tool]
async fn fill(entries: u32) -> (u32, Option<String>) {
    for n in 0..entries {
        if let Err(error) = state::set(format!("{n}"), vec![7; 1024], None).await {
            return (n, Some(error.code));
        }
    }
    (entries, None)
}

/// Asks for an entry over and over, and answers the codes that it got.
#[plugin_tool]
async fn insist(times: u32) -> Vec<String> {
    let mut codes = Vec::new();
    for _ in 0..times {
        let code = match state::get("hush".into()).await {
            Ok(_) => "ok".to_owned(),
            Err(error) => error.code,
        };
        if codes.last() != Some(&code) {
            codes.push(code);
        }
    }
    codes
}
