//! `completion/complete`

use rmcp::ErrorData;
use rmcp::model::{CompleteRequestParams, CompleteResult, CompletionInfo, Reference};

use super::Session;

impl Session {
    /// What an argument of a prompt, or a variable of a template, can be. What its author named no values for can be anything, and has
    /// no completion.
    ///
    /// # Errors
    /// Where there is no such prompt or template for this client.
    pub(super) fn completed(
        &self,
        params: &CompleteRequestParams,
    ) -> Result<CompleteResult, ErrorData> {
        let catalog = self.inner.endpoint.catalog();
        let (of, name) = (&self.inner.principal, params.argument.name.as_str());
        let values = match &params.r#ref {
            Reference::Prompt(prompt) => catalog.prompt(&prompt.name, of).map(|prompt| {
                let mut arguments = prompt.definition().arguments.iter();
                let argument = arguments.find(|one| one.name == name);
                argument.map_or(&[][..], |argument| &argument.values)
            }),
            Reference::Resource(resource) => match catalog.variables(&resource.uri, of) {
                Some(variables) => {
                    let variable = variables.iter().find(|one| one.name == name);
                    Some(variable.map_or(&[][..], |variable| &variable.values))
                }
                // An address without variables.
                None => catalog.resource(&resource.uri, of).map(|_| &[][..]),
            },
            _ => None,
        };
        let values = values.ok_or_else(|| {
            ErrorData::invalid_params("there is no such prompt or template to complete", None)
        })?;
        Ok(CompleteResult::new(beginning(
            values,
            &params.argument.value,
        )))
    }
}

/// Those that begin with what is there, in their author's order, as many as the protocol takes.
fn beginning(values: &[String], with: &str) -> CompletionInfo {
    let with = with.to_lowercase();
    let fits = values
        .iter()
        .filter(|value| value.to_lowercase().starts_with(&with));
    let mut fits: Vec<_> = fits.cloned().collect();
    let mut info = CompletionInfo::default();
    info.total = u32::try_from(fits.len()).ok();
    info.has_more = Some(fits.len() > CompletionInfo::MAX_VALUES);
    fits.truncate(CompletionInfo::MAX_VALUES);
    info.values = fits;
    info
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_begin_so_are_given_whatever_their_case() {
        let values = ["short".to_owned(), "Shy".to_owned(), "long".to_owned()];
        let info = beginning(&values, "sh");
        assert_eq!(info.values, ["short", "Shy"]);
        assert_eq!((info.total, info.has_more), (Some(2), Some(false)));
        assert_eq!(beginning(&values, "").values.len(), 3);
        assert!(beginning(&values, "x").values.is_empty());
    }

    #[test]
    fn a_hundred_values_are_given_and_the_rest_counted() {
        let values: Vec<_> = (0..250).map(|number| format!("v{number}")).collect();
        let info = beginning(&values, "V");
        assert_eq!(info.values.len(), 100);
        assert_eq!((info.total, info.has_more), (Some(250), Some(true)));
    }
}
