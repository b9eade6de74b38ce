use crate::{is_called_by_its_types, target};

#[test]
fn a_stranger_is_called_by_its_types() {
    is_called_by_its_types("rust");
    // It is built where cargo-component is installed.
    if target().join("languages/cargo-component.wasm").is_file() {
        is_called_by_its_types("cargo-component");
    }
}
