//! What is found in which form, what is sent where, and what is kept how.

mod forms;
mod stores;
mod vault;

use super::*;

fn name(text: &str) -> SecretName {
    text.parse().expect("a name")
}
