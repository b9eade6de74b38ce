//! `resources/read`, `resources/subscribe` and `resources/unsubscribe`

use portcullis_host_agent::core::Error;
use rmcp::model::{ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde_json::json;

use super::Session;
use super::call::protocol_error;
use super::rounds::{Outcome, Running};
use crate::content;

/// Most addresses that one client subscribes to.
const SUBSCRIPTIONS: usize = 1_000;

impl Session {
    /// Reads what is at an address.
    ///
    /// # Errors
    /// Where there is no such resource for this client, and where it can't be read.
    pub(super) async fn read(
        &self,
        params: ReadResourceRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let begin = |params: ReadResourceRequestParams| self.reading(params.uri, context);
        match (self.inner.rounds.resources.round(params, context, begin)).await? {
            Outcome::Done(result) => Ok(result?.into()),
            Outcome::Wanted(wanted) => Ok(wanted.into()),
        }
    }

    fn reading(
        &self,
        uri: String,
        context: &RequestContext<RoleServer>,
    ) -> Result<Running<Result<ReadResourceResult, ErrorData>>, ErrorData> {
        let catalog = self.inner.endpoint.catalog();
        if catalog.resource(&uri, &self.inner.principal).is_none() {
            return Err(no_resource(&uri));
        }
        Ok(self.begun(context, |scope, _| async move {
            let read = catalog.snapshot.resources.read(&uri, &scope).await;
            let read = read.map_err(|error| match &error {
                Error::UnknownResource { .. } => no_resource(&uri),
                Error::Resource(own) if own.code == "not-found" => no_resource(&uri),
                _ => protocol_error(&error),
            })?;
            let contents = read.into_iter().map(content::contents).collect();
            Ok(ReadResourceResult::new(contents))
        }))
    }

    /// Tells the client from now on when what is at an address has changed.
    ///
    /// # Errors
    /// Where there is no such resource for this client, or it is told of very many.
    pub(super) fn subscribed_to(&self, uri: String) -> Result<(), ErrorData> {
        let catalog = self.inner.endpoint.catalog();
        if catalog.resource(&uri, &self.inner.principal).is_none() {
            return Err(no_resource(&uri));
        }
        let mut subscribed = self.inner.subscribed();
        if subscribed.len() >= SUBSCRIPTIONS && !subscribed.contains(&uri) {
            let problem = format!("there are {SUBSCRIPTIONS} subscriptions; end some of them");
            return Err(ErrorData::invalid_request(problem, None));
        }
        subscribed.insert(uri);
        Ok(())
    }

    /// Tells it no more. Where it was not subscribed, nothing changes.
    pub(super) fn unsubscribed_from(&self, uri: &str) {
        self.inner.subscribed().remove(uri);
    }
}

fn no_resource(uri: &str) -> ErrorData {
    let problem = "there is no such resource; resources/list and resources/templates/list say which there are";
    ErrorData::resource_not_found(problem, Some(json!({ "uri": uri })))
}
