//! What the bench and its one-shot floor share.

pub mod floor;
