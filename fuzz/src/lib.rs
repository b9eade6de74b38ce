//! What several targets hold.

use portcullis_host_policy::document::DocumentErrors;

/// Asserts that there are errors, each with a place in `text`, and that they can be shown.
pub fn assert_places(text: &str, errors: &DocumentErrors) {
    assert!(!errors.errors().is_empty());
    for error in errors.errors() {
        assert!(
            text.get(error.span.clone()).is_some(),
            "{:?} is no place in {text:?}",
            error.span
        );
    }
    assert!(!errors.report("file.toml").is_empty());
    assert!(!errors.to_string().is_empty());
}
