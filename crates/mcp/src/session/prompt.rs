//! `prompts/get`

use std::collections::BTreeMap;

use portcullis_host_agent::core::{PromptMessage, PromptOutput, Speaker};
use portcullis_host_agent::escape;
use rmcp::model::{self, GetPromptRequestParams, GetPromptResponse, GetPromptResult, Role};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde_json::Value;

use super::Session;
use super::call::protocol_error;
use super::rounds::{Outcome, Running};
use crate::content;

impl Session {
    /// Gets a prompt.
    ///
    /// # Errors
    /// Where there is no such prompt for this client, its arguments are not what it takes, or it fails.
    pub(super) async fn prompted(
        &self,
        params: GetPromptRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let begin = |params| self.prompting(params, context);
        match (self.inner.rounds.prompts.round(params, context, begin)).await? {
            Outcome::Done(result) => Ok(result?.into()),
            Outcome::Wanted(wanted) => Ok(wanted.into()),
        }
    }

    fn prompting(
        &self,
        params: GetPromptRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<Running<Result<GetPromptResult, ErrorData>>, ErrorData> {
        let catalog = self.inner.endpoint.catalog();
        let Some(prompt) = catalog.prompt(&params.name, &self.inner.principal) else {
            let name = escape::line(&params.name);
            let problem = format!("there is no prompt {name:?}; prompts/list says which there are");
            return Err(ErrorData::invalid_params(problem, None));
        };
        let (prompt, arguments) = (prompt.clone(), texts(params.arguments.unwrap_or_default())?);
        Ok(self.begun(context, |scope, _| async move {
            let output = prompt.get(arguments, &scope).await;
            output.map(result).map_err(|error| protocol_error(&error))
        }))
    }
}

fn result(output: PromptOutput) -> GetPromptResult {
    let messages = output.messages.into_iter().filter_map(message).collect();
    let mut result = GetPromptResult::new(messages);
    let description = output.description;
    result.description = description.map(|text| escape::text(&text).into_owned());
    result
}

/// The protocol's arguments of prompts are texts.
fn texts(arguments: model::JsonObject) -> Result<BTreeMap<String, String>, ErrorData> {
    let texts = arguments.into_iter().map(|(name, value)| match value {
        Value::String(text) => Ok((name, text)),
        _ => {
            let problem = format!("the argument {:?} is no text", escape::line(&name));
            Err(ErrorData::invalid_params(problem, None))
        }
    });
    texts.collect()
}

/// One message; none where its content is of a kind that is not known here.
fn message(of: PromptMessage) -> Option<model::PromptMessage> {
    let role = match of.speaker {
        Speaker::User => Role::User,
        Speaker::Assistant => Role::Assistant,
    };
    Some(model::PromptMessage::new(role, content::block(of.content)?))
}
