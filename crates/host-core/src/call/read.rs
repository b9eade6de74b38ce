//! Resources that are read.

use std::pin::pin;
use std::sync::Arc;

use portcullis_contract::uri::address;
use portcullis_host_policy::escape;

use super::run::{Admitted, Work};
use super::tool::{denied, shown};
use super::{CallOptions, admit};
use crate::bindings::v0_1::portcullis::resource::resource_types as wit;
use crate::bindings::v0_1::portcullis::tool::tool_types::ToolError as WitError;
use crate::convert;
use crate::definition::is_media_type;
use crate::error::Error;
use crate::instance::Instance;
use crate::plugin::{Plugin, PluginInner};
use crate::telemetry::{self, CallWatch, What, names};
use crate::value::ResourceContents;

impl Plugin {
    /// Reads what is at an address: one of [`resources`](Self::resources), or one that matches one of
    /// [`resource_templates`](Self::resource_templates).
    ///
    /// It is a call as one of a tool is, under the same limits. Dropping the future ends it.
    ///
    /// # Errors
    /// [`Error::Resource`] for the plugin's own, [`Error::UnknownResource`], and the other call kinds of [`Error`].
    pub async fn read_resource(
        &self,
        uri: &str,
        mut options: CallOptions,
    ) -> Result<Vec<ResourceContents>, Error> {
        let plugin = &self.inner;
        let id: Arc<str> = plugin.host.next_call_id().into();
        let found = plugin.addresses.as_ref();
        let name = found.and_then(|addresses| addresses.name(uri));
        let what = What::Resource(name.unwrap_or_default());
        let mut watch = CallWatch::begin(plugin, &id, what, options.trace.as_ref());
        options.trace = watch.trace(options.trace);
        let admitted = watch.in_scope(|| match name {
            Some(name) => admit(
                plugin,
                Arc::clone(&id),
                format!("resource {name}").into(),
                options,
            ),
            None => Err(unknown(plugin, uri)),
        });
        let admitted = match admitted {
            Ok(admitted) => admitted,
            Err(error) => {
                watch.failed(&error);
                return Err(error);
            }
        };
        let work = pin!(read(plugin, admitted, &id, uri));
        watch.around(work).await
    }
}

fn unknown(plugin: &PluginInner, uri: &str) -> Error {
    let near = plugin.addresses.as_ref();
    Error::UnknownResource {
        uri: shown(uri),
        nearest: near
            .and_then(|addresses| addresses.nearest(uri))
            .map(str::to_owned),
    }
}

async fn read(
    plugin: &PluginInner,
    admitted: Admitted,
    id: &str,
    uri: &str,
) -> Result<Vec<ResourceContents>, Error> {
    let limit = admitted.call.limits.output_bytes;
    let caller = Arc::clone(&admitted.call.caller);
    let work = ReadWork {
        call_id: id.to_owned(),
        uri: uri.to_owned(),
    };
    match admitted.run(plugin, work).await?.answer {
        Ok(contents) => {
            let contents = measured(contents, limit)?;
            let not_here = contents.iter().find(|one| !belongs(plugin, uri, &one.uri));
            match not_here {
                None => Ok(contents),
                Some(one) => Err(broken(format!(
                    "what was read at {uri:?} is none of its own resources: {:?}",
                    shown(&one.uri)
                ))),
            }
        }
        Err(error) => {
            let error = convert::tool_error(error, limit)?;
            Err(denied(error, &caller, Error::Resource))
        }
    }
}

/// Whether what was read at `uri` may have this address: one below it, or another of the plugin's own.
fn belongs(plugin: &PluginInner, uri: &str, address: &str) -> bool {
    let below = |rest: &str| rest.is_empty() || uri.ends_with('/') || rest.starts_with(['/', '?']);
    let own = plugin.addresses.as_ref();
    address.strip_prefix(uri).is_some_and(below)
        || own.is_some_and(|addresses| addresses.name(address).is_some())
}

/// The answer as embedders see it.
fn measured(
    contents: Vec<wit::ResourceContents>,
    limit: u64,
) -> Result<Vec<ResourceContents>, Error> {
    let contents: Vec<_> = contents.into_iter().map(ResourceContents::from).collect();
    let bytes = contents.iter().map(ResourceContents::size).sum::<u64>();
    if bytes > limit {
        return Err(Error::OutputTooLarge { limit });
    }
    telemetry::note(names::BYTES_OUT, bytes);
    for one in &contents {
        if let Err(problem) = address(&one.uri) {
            let problem = escape::text(&problem.to_string()).into_owned();
            return Err(broken(format!("what was read has no address: {problem}")));
        }
        if let Some(media_type) = one
            .media_type
            .as_deref()
            .filter(|text| !is_media_type(text))
        {
            let media_type = shown(media_type);
            return Err(broken(format!("{media_type:?} is no media type")));
        }
    }
    Ok(contents)
}

fn broken(problem: String) -> Error {
    Error::BrokenContract { problem }
}

struct ReadWork {
    call_id: String,
    uri: String,
}

impl Work for ReadWork {
    type Answer = Result<Vec<wit::ResourceContents>, WitError>;

    async fn run(self, instance: &mut Instance) -> Result<Self::Answer, Error> {
        instance.read(self.call_id, self.uri).await
    }
}
