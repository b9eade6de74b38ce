//! Calls of functions by their types.

use std::pin::pin;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::run::Work;
use super::{CallOptions, admit};
use crate::error::Error;
use crate::instance::Instance;
use crate::plugin::{Plugin, PluginInner};
use crate::telemetry::{self, CallWatch, What, names};
use crate::typed::{Asked, Functions, Returned};

impl Plugin {
    /// Calls an exported function of a component that has no interface of the contract, with serde types in the place of JSON.
    ///
    /// `function` is `ns:package/interface@1.0.0/function`, with or without version and package where one function alone fits, or
    /// `function` where it is in no interface. `Args` has a value for each parameter: a tuple by place, or a struct by name. Names are
    /// as the component has them: `#[serde(rename_all = "kebab-case")]`. Bytes are quickest as serde's bytes; a `Vec<u8>` works, byte by
    /// byte. `Ret` is the result; of a `result`, its good end.
    ///
    /// # Errors
    /// Those of [`call`](Self::call). Before the guest is entered, [`Error::InvalidArguments`] and [`Error::Unsupported`] with the place where
    /// `Args` or `Ret` is not of the component's types. [`Error::Tool`] for the bad end of a `result`, with what it says in the
    /// details.
    ///
    /// ```no_run
    /// # async fn f(plugin: portcullis_host_core::Plugin) -> Result<(), portcullis_host_core::Error> {
    /// let sum: u64 = plugin.call_typed("calc/add", (2_u64, 3_u64)).await?;
    /// # Ok(()) }
    /// ```
    pub async fn call_typed<Args, Ret>(&self, function: &str, args: Args) -> Result<Ret, Error>
    where
        Args: Serialize,
        Ret: DeserializeOwned + 'static,
    {
        self.call_typed_with(function, args, CallOptions::default())
            .await
    }

    /// As [`call_typed`](Self::call_typed), with options. There is nothing for progress, input or attachments to come from or go to.
    ///
    /// # Errors
    /// As [`call_typed`](Self::call_typed).
    pub async fn call_typed_with<Args, Ret>(
        &self,
        function: &str,
        args: Args,
        mut options: CallOptions,
    ) -> Result<Ret, Error>
    where
        Args: Serialize,
        Ret: DeserializeOwned + 'static,
    {
        let plugin = &self.inner;
        let functions = functions(plugin).await?;
        let id: Arc<str> = plugin.host.next_call_id().into();
        let mut watch = CallWatch::begin(plugin, &id, What::Tool(function), options.trace.as_ref());
        options.trace = watch.trace(options.trace);
        let admitted = watch.in_scope(|| {
            let asked = Asked::by_path(functions, function, &args)?;
            asked.check_result::<Ret>()?;
            check_size(plugin, function, &asked)?;
            let tool = asked.function().tool.as_str().into();
            Ok((admit(plugin, id, tool, options)?, asked))
        });
        let (admitted, asked) = match admitted {
            Ok(admitted) => admitted,
            Err(error) => {
                watch.failed(&error);
                return Err(error);
            }
        };
        let work = pin!(async {
            let limit = admitted.call.limits.output_bytes;
            let answered = admitted.run(plugin, TypedWork(asked)).await?;
            let bytes = answered.answer.size();
            if bytes > limit {
                return Err(Error::OutputTooLarge { limit });
            }
            telemetry::note(names::BYTES_OUT, bytes);
            answered.answer.read()
        });
        watch.around(work).await
    }
}

/// What a plugin has that is called by its types.
async fn functions(plugin: &Arc<PluginInner>) -> Result<&Arc<Functions>, Error> {
    let template = plugin
        .code
        .template(&plugin.host, plugin.digest, &plugin.definitions);
    template.await?.functions().ok_or_else(|| Error::Unsupported {
        what: "the plugin exports interfaces of the contract, and a function was called by its types".to_owned(),
        remedy: "call its tools",
    })
}

fn check_size(plugin: &PluginInner, function: &str, asked: &Asked) -> Result<(), Error> {
    let (bytes, allowed) = (asked.size(), plugin.limits.call.argument_bytes);
    telemetry::note(names::BYTES_IN, bytes);
    if bytes <= allowed {
        return Ok(());
    }
    Err(Error::InvalidArguments {
        tool: function.to_owned(),
        mistakes: vec![crate::ArgumentMistake {
            pointer: String::new(),
            problem: format!("the arguments are larger than {allowed} bytes"),
        }],
    })
}

struct TypedWork(Asked);

impl Work for TypedWork {
    type Answer = Returned;

    async fn run(self, instance: &mut Instance) -> Result<Returned, Error> {
        instance.call_function(self.0).await
    }
}
