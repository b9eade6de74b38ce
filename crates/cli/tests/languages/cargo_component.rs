use crate::call;

#[test]
fn a_stranger_is_called_by_its_types() {
    crate::is_called_by_its_types("cargo-component");
}

#[test]
fn a_plugin_by_the_contract_answers() {
    let greeting = call(
        "hello-sync.cargo-component",
        &["greet", "--arg", "name=World"],
    )
    .ok();
    assert_eq!(greeting, "Hello, World!\n");
}
