//! Each mistake is one error, at its place, that says rule and remedy.

#[test]
fn each_mistake_is_one_error() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
}
