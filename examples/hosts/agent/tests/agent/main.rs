//! The reference agent: what hooks may ask of it, its whole conversation, its runs that are given up, and the program itself.

mod actions;
mod conversation;
mod given_up;
mod support;
mod terminal;
