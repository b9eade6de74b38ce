//! A tool, a resource or a prompt for everything that MCP's conformance suite asks of a server. Names, texts and schemas are
//! the suite's.

mod asking;
mod content;
mod prompts;
mod resources;
mod running;

use portcullis_guest_sdk::Blob;

/// One red pixel.
const PIXEL: &[u8] = include_bytes!("../media/red-pixel.png");

/// A hundredth of a second of silence.
const SILENCE: &[u8] = include_bytes!("../media/silence.wav");

fn pixel() -> Blob {
    Blob::new("image/png", PIXEL)
}
