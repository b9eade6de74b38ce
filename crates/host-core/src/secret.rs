//! Secrets: a placeholder that holds none, with the shape that the gate uses.
use http::{HeaderMap, HeaderName};
use portcullis_host_policy::request::HttpRequest;
pub(crate) struct Vault;
pub(crate) struct Scanner;
pub(crate) struct Redactor;
pub(crate) struct Leak;
impl Vault {
    pub(crate) fn empty() -> Self {
        Self
    }
    pub(crate) fn is_empty(&self) -> bool {
        true
    }
    pub(crate) fn reserves(&self, _: &HeaderName) -> bool {
        false
    }
    pub(crate) fn scanner(&self, _: &HttpRequest) -> Option<Scanner> {
        None
    }
    pub(crate) fn inject(
        &self,
        _: &HttpRequest,
        _: &mut HeaderMap,
        _: &mut Option<String>,
    ) -> bool {
        false
    }
    pub(crate) fn redactor(&self) -> Option<Redactor> {
        None
    }
    pub(crate) fn redact_headers(&self, _: &mut HeaderMap) {}
}
impl Scanner {
    pub(crate) fn feed(&mut self, _: &[u8]) -> Result<(), Leak> {
        Ok(())
    }
    pub(crate) fn text(&mut self, _: &str) -> Result<(), Leak> {
        Ok(())
    }
    pub(crate) fn whole(&mut self, _: &[u8]) -> Result<(), Leak> {
        Ok(())
    }
}
impl Redactor {
    pub(crate) fn push(&mut self, b: bytes::Bytes) -> bytes::Bytes {
        b
    }
    pub(crate) fn finish(self) -> bytes::Bytes {
        bytes::Bytes::new()
    }
}
