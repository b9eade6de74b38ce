//! Programs of others that tests and the demo run, installed below the target folder once for all of them.

#![deny(missing_docs)]

pub mod pyperplan;
