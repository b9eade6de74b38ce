//! The smallest host: `minimal-host PLUGIN.wasm` lists a plugin's tools, and with a tool and its arguments calls it.
//!
//! ```console
//! $ cargo run -p minimal-host -- target/plugins/hello.wasm greet '{"name": "Ada"}'
//! Hello, Ada!
//! ```

use std::error::Error;

use portcullis_host_core::{CallOptions, Grant, Host, Progress};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let file = words
        .next()
        .ok_or("say which plugin: minimal-host PLUGIN.wasm [TOOL ARGUMENTS]")?;

    // One host for the whole program; it makes one call at a time. What it compiles is cached for the next run.
    let host = Host::builder().max_in_flight(1).build()?;
    // The plugin may reach nothing: nothing is granted.
    let plugin = host.load(file.as_str(), Grant::none()).await?;

    let Some(tool) = words.next() else {
        for tool in plugin.tools() {
            println!(
                "{}: {}\n  {}",
                tool.name, tool.description, tool.input_schema
            );
        }
        return Ok(());
    };
    let arguments = serde_json::from_str(words.next().as_deref().unwrap_or("{}"))?;
    let options = CallOptions {
        on_progress: Some(std::sync::Arc::new(|progress: Progress| {
            eprintln!("{} of {:?}", progress.done, progress.total);
        })),
        ..CallOptions::default()
    };
    let output = plugin.call(&tool, arguments, options).await?;
    println!("{}", output.text());
    Ok(())
}
