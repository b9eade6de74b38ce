//! Tools for text: Markdown, words, regular expressions, JSON and CSV.
//!
//! One module is one group of tools; the functions in them are the tools.

mod json;
mod markdown;
mod replace;
mod table;
mod words;
