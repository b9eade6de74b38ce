//! The roles of this plugin: every `#[plugin_role]` submits one.

use super::entries::{self, Entry};
use crate::role::Role;

/// One annotated function.
pub struct RoleEntry {
    /// As the contract wants it; the macro has checked it.
    pub name: &'static str,
    /// Runs the function.
    pub make: fn() -> Role,
}

inventory::collect!(RoleEntry);

impl Entry for RoleEntry {
    const KIND: &'static str = "role";

    fn name(&self) -> &'static str {
        self.name
    }
}

/// All roles, by name.
///
/// # Panics
/// If two have one name, which the macro can see within a crate only.
pub fn roles() -> Vec<(String, Role)> {
    let roles = entries::all::<RoleEntry>().into_iter();
    roles
        .map(|entry| (entry.name.to_owned(), (entry.make)()))
        .collect()
}

/// What a `#[plugin_role]` function gives.
#[diagnostic::on_unimplemented(
    message = "a #[plugin_role] function gives a role, and this one gives `{Self}`",
    label = "is no role",
    note = "return a `Role`"
)]
pub trait GivesRole {
    /// Itself.
    fn role(self) -> Role;
}

impl GivesRole for Role {
    fn role(self) -> Role {
        self
    }
}

/// Checks a function's result.
pub fn role_of<T: GivesRole>(given: T) -> Role {
    given.role()
}
