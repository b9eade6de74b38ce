//! What can be said of a component without compiling or running it.

use portcullis_host_policy::manifest::Manifest;
use serde::Serialize;
use wasmparser::{Parser, Payload};

use crate::error::Error;
use crate::load::{Source, read};
use crate::{LoadLimits, PluginId};
use portcullis_host_policy::Digest;

/// A component from outside.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Inspection {
    /// The id in its manifest, or else its file's name.
    pub id: PluginId,
    /// The SHA-256 of its bytes.
    pub digest: Digest,
    /// Its manifest, if it has one.
    pub manifest: Option<Manifest>,
    /// Whether the manifest is inside it, where a signature covers it.
    pub embedded: bool,
    /// The names of its imports.
    pub imports: Vec<String>,
    /// The names of its exports.
    pub exports: Vec<String>,
    /// What takes how much of it.
    pub sizes: Sizes,
}

/// What takes how much of a component, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Sizes {
    /// The whole component.
    pub component: u64,
    /// The bodies of its functions.
    pub code: u64,
    /// What its memories are initialised with.
    pub data: u64,
    /// Custom sections: names, manifest, documentation.
    pub custom: u64,
    /// How many functions it defines.
    pub functions: u64,
}

pub(crate) fn inspect(source: &Source, limits: &LoadLimits) -> Result<Inspection, Error> {
    let read = read(source, limits)?;
    let mut inspection = Inspection {
        id: read.id,
        digest: read.digest,
        manifest: read.manifest,
        embedded: read.embedded,
        imports: Vec::new(),
        exports: Vec::new(),
        sizes: Sizes {
            component: read.bytes.len() as u64,
            ..Sizes::default()
        },
    };
    let broken = |error: wasmparser::BinaryReaderError| Error::NotAComponent {
        reason: error.to_string(),
    };
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(&read.bytes) {
        let payload = payload.map_err(broken)?;
        match &payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(imports) if depth == 0 => {
                for import in imports.clone() {
                    inspection
                        .imports
                        .push(import.map_err(broken)?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(exports) if depth == 0 => {
                for export in exports.clone() {
                    inspection
                        .exports
                        .push(export.map_err(broken)?.name.name.to_owned());
                }
            }
            _ => {}
        }
        inspection.sizes.add(&payload);
    }
    Ok(inspection)
}

impl Sizes {
    fn add(&mut self, payload: &Payload<'_>) {
        match payload {
            Payload::CodeSectionStart { range, count, .. } => {
                self.code += (range.end - range.start) as u64;
                self.functions += u64::from(*count);
            }
            Payload::DataSection(data) => {
                self.data += (data.range().end - data.range().start) as u64
            }
            Payload::CustomSection(custom) => self.custom += custom.data().len() as u64,
            _ => {}
        }
    }
}
