//! Write sandboxed plugins for AI agents as annotated Rust functions.
