//! The reference agent: its whole conversation, its runs that are given up, and the program itself.

mod conversation;
mod given_up;
mod support;
mod terminal;
