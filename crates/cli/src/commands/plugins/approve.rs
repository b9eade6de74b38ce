//! `portcullis plugins approve`: a person's word on what changed.

use super::difference;
use crate::args::{DecideArgs, Format};
use crate::ask;
use crate::error::CliError;
use crate::installed::Installed;
use crate::output;
use serde_json::json;

/// Shows the difference, asks, and approves what was shown.
pub(super) fn run(
    installed: &Installed,
    args: &DecideArgs,
    format: Format,
) -> Result<(), CliError> {
    let (id, session) = (&args.id, installed.session);
    installed.entry(id)?;
    let Some(pending) = session.run(installed.registry.pending(id))? else {
        let text = format!("{id} is not held: there is nothing to approve");
        return output::said(
            format,
            &json!({ "id": id, "held": false, "approved": false }),
            &text,
        );
    };
    if format == Format::Text {
        output::text(&difference::as_text(&pending))?;
    }
    ask::sure(args.yes, &format!("Approve {id} as it is shown here?"))?;
    let snapshot = session.run(installed.registry.approve(&pending))?;
    let active = snapshot.get(id).is_some();
    let mut document = difference::as_json(&pending);
    document["held"] = true.into();
    document["approved"] = true.into();
    document["active"] = active.into();
    let still = if active {
        ""
    } else {
        "; `portcullis plugins list` says why it does not run yet"
    };
    output::said(format, &document, &format!("\napproved: {id}{still}"))
}
