//! What plugins ask of their host, with defaults that work out of the box.

pub mod invoke;
