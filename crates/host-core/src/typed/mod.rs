//! Components that export no interface of the contract: called by the types of what they export.
//!
//! [`Functions`] finds what can be called, [`schema`] says it in JSON Schema, [`ser`] and [`de`] convert by type, and [`abi`] crosses
//! into the guest. What surrounds a call – limits, deadline, permits, sessions, records – is that of any tool.

mod abi;
mod call;
mod de;
mod docs;
mod flow;
mod function;
mod mismatch;
mod schema;
mod ser;
#[cfg(test)]
mod tests;
mod ty;
mod value;
mod wit;

pub(crate) use call::{Asked, Exported, Returned};
pub(crate) use function::Functions;
pub(crate) use value::Value;

use crate::definition::{Definitions, Listed, check};
use crate::error::Error;
use crate::{LeftOut, LoadLimits};

/// The definitions of a component's functions, with what its documentation says.
///
/// # Errors
/// [`Error::Definition`] where nothing can be called, and as those of any plugin.
pub(crate) fn definitions(
    functions: &Functions,
    component: &[u8],
    limits: &LoadLimits,
) -> Result<Definitions, Error> {
    if functions.functions.is_empty() {
        return Err(nothing(&functions.left_out));
    }
    let listed = Listed {
        tools: functions.definitions(&docs::Docs::read(component)),
        ..Listed::default()
    };
    let mut definitions = check(listed, limits)?;
    definitions.functions = functions.mapping();
    definitions.left_out = functions.left_out.clone();
    Ok(definitions)
}

fn nothing(left_out: &[LeftOut]) -> Error {
    /// Reasons that are told; more help nobody.
    const TOLD: usize = 5;
    let told = left_out.iter().take(TOLD);
    let mut reasons: Vec<_> = told
        .map(|out| format!("{}: {}", out.function, out.reason))
        .collect();
    if left_out.len() > TOLD {
        reasons.push(format!("and {} more", left_out.len() - TOLD));
    }
    Error::Definition {
        tool: None,
        problem: format!(
            "none of the functions that the component exports can be called: {}",
            reasons.join("; ")
        ),
        remedy: "export a function of values, or the tools of portcullis:tool",
    }
}
