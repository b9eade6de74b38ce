//! Asks for secrets by name.

use portcullis_guest_sdk::prelude::*;

mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: r#"
            package portcullis:guest;

            world guest {
                import portcullis:host/secrets@0.1.0;
            }
        "#,
        world: "portcullis:guest/guest",
        generate_all,
    });
}

use bindings::portcullis::host::secrets;

/// Answers which of these names it has.
#[plugin_tool]
fn exist(names: Vec<String>) -> Vec<bool> {
    names.iter().map(|name| secrets::exists(name)).collect()
}

/// Answers a value.
#[plugin_tool]
fn reveal(name: String) -> Result<String, ToolError> {
    secrets::reveal(&name).map_err(|error| ToolError::new(error.code, error.message))
}

/// Answers how long a value is, and says it wherever a plugin can say something but in its answer.
#[plugin_tool]
fn talk(name: String) -> Result<usize, ToolError> {
    let value = reveal(name)?;
    println!("stdout {value}");
    eprintln!("stderr {value}");
    log::info!("log {value}");
    Ok(value.len())
}

/// Panics with a value.
#[plugin_tool]
fn burst(name: String) -> Result<(), ToolError> {
    panic!("it is {}", reveal(name)?)
}
