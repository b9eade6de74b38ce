//! Prompts that are asked for.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;

use portcullis_host_policy::nearest;

use super::run::{Admitted, Work};
use super::tool::{denied, shown};
use super::{CallOptions, admit};
use crate::bindings::v0_1::portcullis::prompt::prompt_types as wit;
use crate::bindings::v0_1::portcullis::tool::tool_types::ToolError as WitError;
use crate::error::{ArgumentMistake, Error};
use crate::instance::Instance;
use crate::plugin::{Plugin, PluginInner};
use crate::telemetry::{self, CallWatch, What, names};
use crate::value::{PromptMessage, PromptOutput};
use crate::{PromptDefinition, convert};

impl Plugin {
    /// Makes one of the plugin's prompts of these arguments.
    ///
    /// It is a call as one of a tool is, under the same limits. Dropping the future ends it.
    ///
    /// # Errors
    /// [`Error::Prompt`] for the plugin's own, [`Error::UnknownPrompt`], [`Error::InvalidArguments`] where one is missing or not
    /// asked for, and the other call kinds of [`Error`].
    pub async fn prompt(
        &self,
        name: &str,
        arguments: BTreeMap<String, String>,
        mut options: CallOptions,
    ) -> Result<PromptOutput, Error> {
        let plugin = &self.inner;
        let id: Arc<str> = plugin.host.next_call_id().into();
        let mut watch = CallWatch::begin(plugin, &id, What::Prompt(name), options.trace.as_ref());
        options.trace = watch.trace(options.trace);
        let admitted = watch.in_scope(|| {
            check(plugin, name, &arguments)?;
            let what = format!("prompt {name}");
            admit(plugin, Arc::clone(&id), what.into(), options)
        });
        let admitted = match admitted {
            Ok(admitted) => admitted,
            Err(error) => {
                watch.failed(&error);
                return Err(error);
            }
        };
        let work = PromptWork {
            call_id: id.to_string(),
            name: name.to_owned(),
            arguments: arguments.into_iter().collect(),
        };
        let work = pin!(get(plugin, admitted, work));
        watch.around(work).await
    }
}

/// Checks a prompt's name and arguments before the guest is entered.
fn check(
    plugin: &PluginInner,
    name: &str,
    arguments: &BTreeMap<String, String>,
) -> Result<(), Error> {
    let prompts = &plugin.definitions.prompts;
    let Some(prompt) = prompts.iter().find(|prompt| prompt.name == name) else {
        let known = prompts.iter().map(|prompt| prompt.name.as_str());
        return Err(Error::UnknownPrompt {
            prompt: shown(name),
            nearest: nearest(name, known).map(str::to_owned),
        });
    };
    let bytes = arguments
        .iter()
        .map(|(name, value)| name.len() + value.len());
    let bytes = bytes.sum::<usize>() as u64;
    let allowed = plugin.limits.call.argument_bytes;
    let mistakes = if bytes > allowed {
        let problem = format!("the arguments together are larger than {allowed} bytes");
        let pointer = String::new();
        vec![ArgumentMistake { pointer, problem }]
    } else {
        mistakes(prompt, arguments)
    };
    if mistakes.is_empty() {
        telemetry::note(names::BYTES_IN, bytes);
        return Ok(());
    }
    Err(Error::InvalidArguments {
        tool: name.to_owned(),
        mistakes,
    })
}

fn mistakes(
    prompt: &PromptDefinition,
    arguments: &BTreeMap<String, String>,
) -> Vec<ArgumentMistake> {
    let missing = prompt.arguments.iter();
    let missing = missing.filter(|one| one.required && !arguments.contains_key(&one.name));
    let missing = missing.map(|one| ArgumentMistake {
        pointer: String::new(),
        problem: format!("{:?} is a required property", one.name),
    });
    let known = || prompt.arguments.iter().map(|one| one.name.as_str());
    let unknown = arguments
        .keys()
        .filter(|name| !known().any(|one| one == **name));
    let unknown = unknown.map(|name| {
        let near = nearest(name, known()).map(|near| format!("; did you mean {near:?}?"));
        let problem = format!(
            "the prompt has no argument {:?}{}",
            shown(name),
            near.unwrap_or_default()
        );
        ArgumentMistake {
            pointer: String::new(),
            problem,
        }
    });
    missing.chain(unknown).collect()
}

async fn get(
    plugin: &PluginInner,
    admitted: Admitted,
    work: PromptWork,
) -> Result<PromptOutput, Error> {
    let limit = admitted.call.limits.output_bytes;
    let caller = Arc::clone(&admitted.call.caller);
    match admitted.run(plugin, work).await?.answer {
        Ok(output) => measured(output, limit),
        Err(error) => {
            let error = convert::tool_error(error, limit)?;
            Err(denied(error, &caller, Error::Prompt))
        }
    }
}

/// The answer as embedders see it.
fn measured(output: wit::PromptOutput, limit: u64) -> Result<PromptOutput, Error> {
    let output = PromptOutput::from(output);
    let messages = output.messages.iter();
    let bytes = messages.map(|PromptMessage { content, .. }| content.size());
    let bytes = bytes.sum::<u64>() + output.description.as_ref().map_or(0, String::len) as u64;
    if bytes > limit {
        return Err(Error::OutputTooLarge { limit });
    }
    telemetry::note(names::BYTES_OUT, bytes);
    Ok(output)
}

struct PromptWork {
    call_id: String,
    name: String,
    arguments: Vec<(String, String)>,
}

impl Work for PromptWork {
    type Answer = Result<wit::PromptOutput, WitError>;

    async fn run(self, instance: &mut Instance) -> Result<Self::Answer, Error> {
        instance
            .prompt(self.call_id, self.name, self.arguments)
            .await
    }
}
