//! Takes out of a component what only a debugger reads.
//!
//! Done here and not by the linker: Cargo would compile every dependency anew for a profile that strips.

use super::BuildError;
use wasm_encoder::{Component, ComponentSectionId, Encode, Module, RawSection, Section as _};
use wasmparser::{BinaryReaderError, Encoding, Parser, Payload};

/// The component without debug information and notes of its tools; without the names of its functions too, where
/// `names` says so.
pub(super) fn strip(component: &[u8], names: bool) -> Result<Vec<u8>, BuildError> {
    stripped(component, names).map_err(BuildError::Malformed)
}

fn stripped(component: &[u8], names: bool) -> Result<Vec<u8>, BinaryReaderError> {
    let mut outer = Vec::new();
    let mut output = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload?;
        match &payload {
            Payload::Version {
                encoding: Encoding::Module,
                ..
            } => output.extend(Module::HEADER),
            Payload::Version {
                encoding: Encoding::Component,
                ..
            } => output.extend(Component::HEADER),
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                outer.push(std::mem::take(&mut output));
                continue;
            }
            Payload::End(_) => {
                let Some(parent) = outer.pop() else { break };
                let part = std::mem::replace(&mut output, parent);
                let kind = if part.starts_with(&Component::HEADER) {
                    ComponentSectionId::Component
                } else {
                    ComponentSectionId::CoreModule
                };
                output.push(kind as u8);
                part.encode(&mut output);
            }
            Payload::CustomSection(section) if is_superfluous(section.name(), names) => continue,
            _ => {}
        }
        if let Some((id, range)) = payload.as_section() {
            RawSection {
                id,
                data: &component[range],
            }
            .append_to(&mut output);
        }
    }
    Ok(output)
}

fn is_superfluous(section: &str, names: bool) -> bool {
    section.starts_with(".debug")
        || matches!(section, "producers" | "target_features")
        || (names && matches!(section, "name" | "component-name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A component with names, and a debug section in its module.
    fn component() -> Vec<u8> {
        let text = r#"(component $outer
            (core module $inner (func $run (export "run")) (@custom ".debug_info" "where"))
            (@custom "kept" "content"))"#;
        wat::parse_str(text).unwrap()
    }

    fn custom_sections(component: &[u8]) -> Vec<String> {
        let payloads = Parser::new(0).parse_all(component).map(Result::unwrap);
        let names = payloads.filter_map(|payload| match payload {
            Payload::CustomSection(section) => Some(section.name().to_string()),
            _ => None,
        });
        names.collect()
    }

    #[test]
    fn debug_information_goes_and_names_stay_unless_they_should_go_too() {
        assert_eq!(
            custom_sections(&component()),
            [".debug_info", "name", "kept", "component-name"]
        );
        let debug = strip(&component(), false).unwrap();
        assert_eq!(custom_sections(&debug), ["name", "kept", "component-name"]);
        let release = strip(&component(), true).unwrap();
        assert_eq!(custom_sections(&release), ["kept"]);
    }

    #[test]
    fn what_is_left_is_the_same_component() {
        let stripped = strip(&component(), true).unwrap();
        wasmparser::Validator::new()
            .validate_all(&stripped)
            .unwrap();
        assert_eq!(strip(&stripped, true).unwrap(), stripped);
        let export = Parser::new(0)
            .parse_all(&stripped)
            .map(Result::unwrap)
            .any(|payload| match payload {
                Payload::ExportSection(exports) => exports
                    .into_iter()
                    .any(|export| export.unwrap().name == "run"),
                _ => false,
            });
        assert!(export);
    }

    #[test]
    fn bytes_that_are_no_component_are_an_error() {
        assert!(strip(b"text", true).is_err());
    }
}
