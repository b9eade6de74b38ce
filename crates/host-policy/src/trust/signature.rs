//! The file beside a component that says who signed it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use toml::de::DeTable;

use super::KeyId;
use crate::document::{self, DocumentErrorKind as Kind, DocumentErrors, Reader};

/// Most signatures of a file: verifying takes time.
const MAX_SIGNATURES: usize = 32;

/// One key's signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Whose.
    pub key: KeyId,
    /// Ed25519's 64 bytes.
    pub bytes: [u8; 64],
}

/// `NAME.wasm.sig`: a `[[signature]]` for each key, in the order in which they were added.
///
/// ```toml
/// [[signature]]
/// key = "64 hexadecimal digits"
/// signature = "64 bytes in base64"
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signatures(Vec<Signature>);

impl Signatures {
    /// Reads such a file.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of its lines.
    pub fn parse(text: &str) -> Result<Self, DocumentErrors> {
        document::parse(text, Reader::signatures)
    }

    /// The signatures.
    pub fn iter(&self) -> impl Iterator<Item = &Signature> {
        self.0.iter()
    }

    /// Adds a signature, in place of one by the same key.
    pub fn add(&mut self, signature: Signature) {
        self.0.retain(|own| own.key != signature.key);
        self.0.push(signature);
    }

    /// Whether nobody signed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// As the file is written.
impl fmt::Display for Signatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, Signature { key, bytes }) in self.0.iter().enumerate() {
            let gap = if at == 0 { "" } else { "\n" };
            let encoded = STANDARD.encode(bytes);
            writeln!(
                f,
                "{gap}[[signature]]\nkey = \"{key}\"\nsignature = \"{encoded}\""
            )?;
        }
        Ok(())
    }
}

impl Reader<'_> {
    fn signatures(&mut self, root: &DeTable<'_>) -> Option<Signatures> {
        self.known_keys(root, &["signature"]);
        let mut signatures: Vec<Signature> = Vec::new();
        for (node, table) in self.tables(root, "signature") {
            self.known_keys(table, &["key", "signature"]);
            let key = self.required(table, &node.span(), "key", |text| {
                text.parse::<KeyId>().map_err(|error| error.to_string())
            });
            let bytes = self.required(table, &node.span(), "signature", |text| {
                let bytes = STANDARD.decode(text).ok();
                bytes
                    .and_then(|bytes| bytes.try_into().ok())
                    .ok_or_else(|| "a signature is 64 bytes in base64".to_owned())
            });
            let (Some(key), Some(bytes)) = (key, bytes) else {
                continue;
            };
            let problem = if signatures.iter().any(|known| known.key == key) {
                format!("the key {key} signed already")
            } else if signatures.len() == MAX_SIGNATURES {
                format!("a file has at most {MAX_SIGNATURES} signatures")
            } else {
                signatures.push(Signature { key, bytes });
                continue;
            };
            self.fail(node.span(), Kind::Value(problem));
        }
        Some(Signatures(signatures))
    }
}
