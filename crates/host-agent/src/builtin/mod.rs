//! Hooks that come with the crate.
