//! `portcullis:host/secrets`.

use portcullis_host_policy::capability::Capability;
use portcullis_host_policy::request::Request;
use secrecy::ExposeSecret;
use wasmtime::Result;

use super::SecretName;
use crate::bindings::v0_1::portcullis::host::host_types::HostError;
use crate::bindings::v0_1::portcullis::host::secrets;
use crate::log::{LogLevel, LogLine, LogSource};
use crate::state::State;

impl secrets::Host for State {
    /// A name that nobody knows, one of another plugin's and one that is not granted all give `false`.
    fn exists(&mut self, name: String) -> Result<bool> {
        self.call.spend(name.len())?;
        let Ok(name) = name.parse::<SecretName>() else {
            return Ok(false);
        };
        let caller = &self.call.caller;
        let vault = &caller.access.vault;
        let capability = match vault.reveal(&name) {
            Some(_) => Capability::SecretReveal(name.clone()),
            None => Capability::Secret(name.clone()),
        };
        Ok(caller.decide(&Request::Use(capability)).is_ok() && vault.exists(&name))
    }

    fn reveal(&mut self, name: String) -> Result<Result<String, HostError>> {
        let revealed = name.parse::<SecretName>().ok().and_then(|name| {
            let caller = &self.call.caller;
            let request = Request::Use(Capability::SecretReveal(name.clone()));
            caller.decide(&request).ok()?;
            let value = caller.access.vault.reveal(&name)?;
            Some((name, value.clone()))
        });
        let bytes = revealed
            .as_ref()
            .map_or(0, |(_, value)| value.expose_secret().len());
        self.call.spend(name.len() + bytes)?;
        let Some((name, value)) = revealed else {
            return Ok(Err(HostError {
                code: "denied".into(),
                message: "not granted".into(),
                retryable: false,
            }));
        };
        self.owner.log.log(LogLine {
            plugin: self.owner.id.clone(),
            call_id: self.call.id.to_string(),
            level: LogLevel::Warn,
            message: format!("the secret {name} was revealed to the plugin: it may send it wherever it may send anything"),
            fields: Vec::new(),
            source: LogSource::Host,
        });
        Ok(Ok(value.expose_secret().to_owned()))
    }
}
