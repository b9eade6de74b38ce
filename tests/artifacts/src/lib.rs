//! The components that tests load, built by this crate's build script: every guest of `tests/guests` and every plugin
//! of `examples/plugins`, each with its manifest inside where it has one.
//!
//! A guest is a constant that holds the path of its component: `guests/well_greet.rs` is [`WELL_GREET`], the
//! example plugin `text-tools` is `PLUGIN_TEXT_TOOLS`.
//!
//! Each suite – the prefix of a guest's name, and `plugin` for the examples – has a macro that hands every name in it
//! to a macro of the caller's:
//!
//! ```
//! let mut names = Vec::new();
//! macro_rules! note {
//!     ($guest:ident) => {
//!         names.push(stringify!($guest));
//!     };
//! }
//! portcullis_test_artifacts::foreach_well!(note);
//! assert!(names.contains(&"well_greet"));
//! ```
//!
//! With `use self::$guest as _;` in the macro, a test file that has no function or module of a guest's name does not
//! compile: no guest is left without a test.

include!(concat!(env!("OUT_DIR"), "/artifacts.rs"));
