//! The manifest's section in components and in what is none.

use portcullis_host_policy::manifest::section::{NAME, SectionError, embed, read};
use proptest::prelude::*;
use wasm_encoder::{Component, CustomSection, Module, ModuleSection, NestedComponentSection};

fn section(data: &[u8]) -> CustomSection<'_> {
    CustomSection {
        name: NAME.into(),
        data: data.into(),
    }
}

/// A component with a module inside, so that there is something to keep.
fn plain() -> Component {
    let mut component = Component::new();
    component.section(&CustomSection {
        name: "producers".into(),
        data: b"x".as_slice().into(),
    });
    component.section(&ModuleSection(&Module::new()));
    component
}

#[test]
fn what_is_embedded_is_read() {
    let component = plain().finish();
    assert_eq!(read(&component).unwrap(), None);
    let first = embed(&component, "id = 1").unwrap();
    assert_eq!(read(&first).unwrap(), Some("id = 1"));
    wasmparser::validate(&first).unwrap();
}

#[test]
fn embedding_again_replaces_and_leaves_the_rest_as_it_is() {
    let component = plain().finish();
    let once = embed(&component, "new").unwrap();
    assert_eq!(
        embed(&embed(&component, "a much longer one").unwrap(), "new").unwrap(),
        once
    );
    assert!(once.starts_with(&component));
}

#[test]
fn a_section_in_the_middle_is_replaced() {
    let mut component = Component::new();
    component
        .section(&section(b"old"))
        .section(&ModuleSection(&Module::new()))
        .section(&section(b"older"));
    let out = embed(&component.finish(), "new").unwrap();
    assert_eq!(read(&out).unwrap(), Some("new"));
    let mut expected = Component::new();
    expected
        .section(&ModuleSection(&Module::new()))
        .section(&section(b"new"));
    assert_eq!(out, expected.finish());
}

#[test]
fn two_sections_are_an_error() {
    let mut component = plain();
    component.section(&section(b"a")).section(&section(b"a"));
    assert!(matches!(
        read(&component.finish()),
        Err(SectionError::Twice)
    ));
}

#[test]
fn a_section_in_a_nested_module_is_an_error() {
    let mut module = Module::new();
    module.section(&section(b"a"));
    let mut component = Component::new();
    component
        .section(&ModuleSection(&module))
        .section(&section(b"outer"));
    let bytes = component.finish();
    assert!(matches!(read(&bytes), Err(SectionError::Nested)));
    assert!(matches!(embed(&bytes, "x"), Err(SectionError::Nested)));
}

#[test]
fn a_section_in_a_nested_component_is_an_error() {
    let mut inner = Component::new();
    inner.section(&section(b"a"));
    let mut component = Component::new();
    component.section(&NestedComponentSection(&inner));
    assert!(matches!(
        read(&component.finish()),
        Err(SectionError::Nested)
    ));
}

#[test]
fn what_is_no_component_says_so() {
    assert!(matches!(
        read(&Module::new().finish()),
        Err(SectionError::CoreModule)
    ));
    for bytes in [&b""[..], b"hello", b"\0asm", b"\0asm\x0d\0"] {
        assert!(
            matches!(read(bytes), Err(SectionError::Malformed(_))),
            "{bytes:?}"
        );
    }
    let mut cut = plain().finish();
    cut.pop();
    assert!(matches!(read(&cut), Err(SectionError::Truncated)));
}

#[test]
fn a_nested_part_that_is_longer_than_the_file_is_an_error() {
    let bytes = b"\0asm\x0d\0\x01\0\x01\x0d\0asm\x0d\0\x01\0";
    assert!(matches!(read(bytes), Err(SectionError::Truncated)));
    assert!(matches!(embed(bytes, "x"), Err(SectionError::Truncated)));
}

#[test]
fn a_section_that_is_no_text_is_an_error() {
    let mut component = plain();
    component.section(&section(b"\xff\xfe"));
    assert!(matches!(
        read(&component.finish()),
        Err(SectionError::NotUtf8)
    ));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes);
        let _ = embed(&bytes, "x");
        let mut framed = b"\0asm\x0d\0\x01\0".to_vec();
        framed.extend(bytes);
        let _ = read(&framed);
        let _ = embed(&framed, "x");
    }

    #[test]
    fn one_changed_byte_never_makes_it_panic(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = embed(&plain().finish(), "[plugin]").unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(out) = embed(&bytes, "new") {
            prop_assert_eq!(read(&out).unwrap(), Some("new"));
        }
    }

    #[test]
    fn any_text_is_read_as_it_was_embedded(text in any::<String>()) {
        let bytes = embed(&plain().finish(), &text).unwrap();
        prop_assert_eq!(read(&bytes).unwrap(), Some(text.as_str()));
    }
}
