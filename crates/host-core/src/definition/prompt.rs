//! Prompts.

use super::{
    Checked, NAME_REMEDY, VALUE_REMEDY, has_text_values, is_name, optional, within, wrong,
};
use crate::bindings::v0_1::portcullis::prompt::prompt_types as wit;
use crate::{Error, LoadLimits, PromptArgument, PromptDefinition};

/// The kind, as errors name it.
const PROMPT: &str = "prompt";

/// Bytes of what a plugin says of these, for the limit of a load.
pub(super) fn size(prompts: &[wit::PromptDefinition]) -> u64 {
    let sizes = prompts.iter().map(|prompt| {
        let arguments = prompt.arguments.iter().map(|argument| {
            let values = argument.values.iter().map(String::len).sum::<usize>();
            let texts = optional(&argument.title) + optional(&argument.description);
            argument.name.len() + texts + values
        });
        let texts = optional(&prompt.title) + optional(&prompt.description);
        prompt.name.len() + texts + arguments.sum::<usize>()
    });
    sizes.sum::<usize>() as u64
}

/// Checks the prompts of a plugin.
pub(super) fn check(
    prompts: Vec<wit::PromptDefinition>,
    limits: &LoadLimits,
) -> Result<Vec<PromptDefinition>, Error> {
    within("prompts", limits.tools.into(), prompts.len() as u64)?;
    let mut names = Checked::names();
    let mut checked = Vec::with_capacity(prompts.len());
    for prompt in prompts {
        names.take(PROMPT, &prompt.name)?;
        checked.push(check_one(prompt)?);
    }
    Ok(checked)
}

fn check_one(prompt: wit::PromptDefinition) -> Result<PromptDefinition, Error> {
    let name = prompt.name;
    if !is_name(&name) {
        return Err(wrong(PROMPT, &name, "this is no name", NAME_REMEDY));
    }
    let mut arguments = Vec::<PromptArgument>::with_capacity(prompt.arguments.len());
    for argument in prompt.arguments {
        if arguments.iter().any(|other| other.name == argument.name) {
            let problem = format!("there are two arguments called {:?}", argument.name);
            let remedy = "give each argument a name of its own";
            return Err(wrong(PROMPT, &name, &problem, remedy));
        }
        arguments.push(check_argument(&name, argument)?);
    }
    Ok(PromptDefinition {
        name,
        title: prompt.title,
        description: prompt.description,
        arguments,
    })
}

fn check_argument(prompt: &str, argument: wit::PromptArgument) -> Result<PromptArgument, Error> {
    if !is_argument_name(&argument.name) {
        let problem = format!("{:?} is no name of an argument", argument.name);
        let remedy = "use 1 to 64 of a-z, A-Z, 0-9, '_' and '-'";
        return Err(wrong(PROMPT, prompt, &problem, remedy));
    }
    if !has_text_values(&argument.values) {
        let problem = format!(
            "the values of {:?} are empty, or one stands twice",
            argument.name
        );
        return Err(wrong(PROMPT, prompt, &problem, VALUE_REMEDY));
    }
    Ok(PromptArgument {
        name: argument.name,
        title: argument.title,
        description: argument.description,
        required: argument.required,
        values: argument.values,
    })
}

fn is_argument_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (1..=super::NAME_BYTES).contains(&name.len()) && name.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(name: &str, arguments: &[(&str, &[&str])]) -> wit::PromptDefinition {
        let argument = |(name, values): &(&str, &[&str])| wit::PromptArgument {
            name: (*name).into(),
            title: None,
            description: None,
            required: false,
            values: values.iter().map(|value| (*value).into()).collect(),
        };
        wit::PromptDefinition {
            name: name.into(),
            title: None,
            description: None,
            arguments: arguments.iter().map(argument).collect(),
        }
    }

    fn problem(prompts: Vec<wit::PromptDefinition>) -> String {
        check(prompts, &LoadLimits::default())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn names_are_checked() {
        let fits = vec![prompt(
            "review",
            &[("codeText", &[]), ("style", &["short", "long"])],
        )];
        assert!(check(fits, &LoadLimits::default()).is_ok());
        assert!(problem(vec![prompt("Review", &[])]).contains("no name"));
        assert!(problem(vec![prompt("a", &[]), prompt("a", &[])]).contains("two of this name"));
        assert!(problem(vec![prompt("a", &[("b c", &[])])]).contains("no name of an argument"));
        assert!(problem(vec![prompt("a", &[("b", &[]), ("b", &[])])]).contains("two arguments"));
    }

    #[test]
    fn values_are_texts_that_differ() {
        for values in [&["a", "a"][..], &[""]] {
            assert!(problem(vec![prompt("a", &[("b", values)])]).contains("the values of"));
        }
    }
}
