//! The components that tests load, built by this crate's build script: every guest of `tests/guests` and every plugin
//! of `examples/plugins`, each with its manifest inside where it has one.
//!
//! A guest is a constant that holds the path of its component: `guests/well_greet.rs` is [`WELL_GREET`], the
//! example plugin `text-tools` is `PLUGIN_TEXT_TOOLS`.
//!
//! Each suite – the prefix of a guest's name, and `plugin` for the examples – has a macro that hands every name in it
//! to a macro of the caller's. A test file uses it to make a guest without a test fail to compile:
//!
//! ```
//! macro_rules! has_test {
//!     ($guest:ident) => {
//!         #[allow(unused_imports)]
//!         use self::$guest as _;
//!     };
//! }
//! portcullis_test_artifacts::foreach_well!(has_test);
//!
//! fn well_greet() { /* loads portcullis_test_artifacts::WELL_GREET */ }
//! # fn main() {}
//! ```
//!

include!(concat!(env!("OUT_DIR"), "/artifacts.rs"));
