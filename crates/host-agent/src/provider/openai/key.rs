//! The key of an endpoint.

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};

use super::OpenAiError;

/// A key that fits a header.
pub(super) struct Key {
    secret: SecretString,
    header: HeaderValue,
}

impl Key {
    pub(super) fn new(secret: SecretString) -> Result<Self, OpenAiError> {
        let text = secret.expose_secret();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(OpenAiError::Key);
        }
        let header = HeaderValue::from_str(&format!("Bearer {text}"));
        let mut header = header.map_err(|_| OpenAiError::Key)?;
        header.set_sensitive(true);
        Ok(Self { secret, header })
    }

    pub(super) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// A server's words, without the key: some repeat what they do not know.
    pub(super) fn redact(&self, text: &str) -> String {
        text.replace(self.secret.expose_secret(), "[key]")
    }
}
