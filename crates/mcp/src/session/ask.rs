//! Plugins' questions to the person, by elicitation.

use async_trait::async_trait;
use portcullis_host_agent::core::{Ask, AskAnswer, ServiceCaller, ServiceError};
use portcullis_host_agent::escape;
use rmcp::RoleServer;
use rmcp::model::{ElicitRequestParams, ElicitationAction, ElicitationSchema};
use rmcp::service::RequestContext;
use serde_json::{Map, Value};

use super::questions::{Questions, can_ask};

/// Asks the person in front of one client.
#[derive(Clone)]
pub(super) struct ClientAsk(Questions);

impl ClientAsk {
    /// None where the client can't ask.
    pub(super) fn of(context: &RequestContext<RoleServer>, questions: &Questions) -> Option<Self> {
        can_ask(context).then(|| Self(questions.clone()))
    }

    /// Asks for what a schema describes.
    ///
    /// # Errors
    /// `unavailable` where the client does not answer.
    pub(super) async fn elicit(
        &self,
        message: String,
        requested_schema: ElicitationSchema,
    ) -> Result<AskAnswer, ServiceError> {
        let question = ElicitRequestParams::FormElicitationParams {
            meta: None,
            message,
            requested_schema,
        };
        let answer = self.0.elicit(question).await.map_err(|error| {
            tracing::debug!("a question had no answer: {error}");
            ServiceError::unavailable("the client has no answer", false)
        })?;
        Ok(match answer.action {
            ElicitationAction::Accept => {
                let nothing = || Value::Object(Map::new());
                AskAnswer::Accepted(answer.content.unwrap_or_else(nothing))
            }
            ElicitationAction::Decline => AskAnswer::Declined,
            _ => AskAnswer::Cancelled,
        })
    }
}

#[async_trait]
impl Ask for ClientAsk {
    async fn ask(
        &self,
        caller: &ServiceCaller,
        message: &str,
        schema: &Value,
    ) -> Result<AskAnswer, ServiceError> {
        let schema = escape::json(&schema.to_string()).into_owned();
        let schema = serde_json::from_str(&schema).map_err(|error| {
            ServiceError::invalid(format!("no client can ask for this: {error}"))
        })?;
        // Who asks is said by us: a plugin might speak in another's name.
        let message = format!(
            "The plugin {} asks: {}",
            caller.plugin,
            escape::text(message)
        );
        self.elicit(message, schema).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_asked_for_travels_as_it_is() {
        let titled = json!([{"const": "a", "title": "A"}, {"const": "b", "title": "B"}]);
        let schema = json!({
            "type": "object",
            "properties": {
                "name": {"type": "string", "title": "Name", "default": "John Doe", "minLength": 1},
                "age": {"type": "integer", "default": 30, "minimum": 0},
                "score": {"type": "number", "default": 95.5},
                "verified": {"type": "boolean", "default": true},
                "mail": {"type": "string", "format": "email"},
                "one": {"type": "string", "enum": ["a", "b"], "default": "a"},
                "titled": {"type": "string", "oneOf": titled},
                "named": {"type": "string", "enum": ["a", "b"], "enumNames": ["A", "B"]},
                "several": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}},
                "titledSeveral": {"type": "array", "items": {"anyOf": titled}},
            },
            "required": ["name"],
        });
        let read: ElicitationSchema = serde_json::from_value(schema.clone()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), schema);
    }
}
