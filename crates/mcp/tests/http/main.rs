//! A server over HTTP as its clients see it, and those who would like to be.

mod admission;
mod ending;
mod limits;
mod messages;
mod names;
mod sessions;
mod start;
mod support;
mod watching;
