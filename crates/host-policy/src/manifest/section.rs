//! The custom section in which a manifest travels inside its component, so that one file is what is hashed, signed
//! and loaded.

use std::ops::Range;

use wasm_encoder::{ComponentSection as _, CustomSection};
use wasmparser::{BinaryReaderError, Encoding, Parser, Payload};

/// The section's name.
pub const NAME: &str = "portcullis:manifest";

/// Why a component's manifest section can't be read or written.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SectionError {
    /// The bytes are no WebAssembly, or end too early.
    #[error("this is no WebAssembly component: {0}")]
    Malformed(#[source] BinaryReaderError),
    /// A section that is longer than the file.
    #[error("this is no WebAssembly component: it ends in the middle of a section")]
    Truncated,
    /// A core module.
    #[error(
        "this is a core module, not a component: build it for wasm32-wasip2, or make a component of it"
    )]
    CoreModule,
    /// More than one section at the outermost level.
    #[error(
        "the component has more than one section `{NAME}`: which of them counts would be anybody's guess"
    )]
    Twice,
    /// A section in a module or component inside the component.
    #[error(
        "a part inside the component has a section `{NAME}`: only the outermost component carries a manifest"
    )]
    Nested,
    /// A section that is no text.
    #[error("the section `{NAME}` is not UTF-8")]
    NotUtf8,
}

/// A manifest section of the component: its whole place in the file and its text.
struct Found<'a> {
    whole: Range<usize>,
    data: &'a [u8],
}

/// The manifest inside `component`, or none where it carries none.
///
/// # Errors
/// Where the bytes are no component, or carry a manifest more than once, in a nested part, or not as text.
pub fn read(component: &[u8]) -> Result<Option<&str>, SectionError> {
    match find(component)?.as_slice() {
        [] => Ok(None),
        [only] => std::str::from_utf8(only.data)
            .map(Some)
            .map_err(|_| SectionError::NotUtf8),
        _ => Err(SectionError::Twice),
    }
}

/// The component with `manifest` inside, in place of what it carried before.
///
/// # Errors
/// Where the bytes are no component, or a part inside carries a manifest.
pub fn embed(component: &[u8], manifest: &str) -> Result<Vec<u8>, SectionError> {
    let mut out = Vec::with_capacity(component.len() + manifest.len() + 64);
    let mut copied = 0;
    for section in find(component)? {
        out.extend_from_slice(&component[copied..section.whole.start]);
        copied = section.whole.end;
    }
    out.extend_from_slice(&component[copied..]);
    CustomSection {
        name: NAME.into(),
        data: manifest.as_bytes().into(),
    }
    .append_to_component(&mut out);
    Ok(out)
}

fn find(component: &[u8]) -> Result<Vec<Found<'_>>, SectionError> {
    let mut found = Vec::new();
    let mut depth = 0_usize;
    // Sections follow one another without gaps, so each one's header starts where the last one ended.
    let mut end = 0;
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload.map_err(SectionError::Malformed)?;
        match &payload {
            Payload::Version {
                encoding: Encoding::Module,
                ..
            } if depth == 0 => return Err(SectionError::CoreModule),
            Payload::Version { range, .. } => {
                depth += 1;
                if depth == 1 {
                    end = range.end;
                }
            }
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) if section.name() == NAME => {
                if depth != 1 {
                    return Err(SectionError::Nested);
                }
                found.push(Found {
                    whole: end..section.range().end,
                    data: section.data(),
                });
            }
            _ => {}
        }
        if let Some((_, range)) = payload.as_section().filter(|_| depth == 1) {
            end = range.end;
            // The parser takes the end of the file for the end of a nested part.
            if end > component.len() {
                return Err(SectionError::Truncated);
            }
        }
    }
    Ok(found)
}
