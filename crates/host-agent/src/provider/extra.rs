//! Provider-specific settings: what plugins may send of them is the operator's to say.

use std::collections::BTreeSet;

use portcullis_contract::chat::{ChatError, ChatRequest, codes};
use serde_json::{Map, Value};

/// Checks that a request sets nothing in `extra` but what is on the operator's list: a key left out silently would change
/// what the request means.
///
/// # Errors
/// [`codes::INVALID`] with the key, or where `extra` is no JSON object.
pub fn allow_extra(request: &ChatRequest, allowed: &BTreeSet<String>) -> Result<(), ChatError> {
    let extra = settings(request)?;
    match extra.keys().find(|key| !allowed.contains(*key)) {
        None => Ok(()),
        Some(key) => {
            let listed = allowed.iter().map(String::as_str).collect::<Vec<_>>();
            let listed = match listed.join(", ") {
                none if none.is_empty() => "nothing".to_owned(),
                some => some,
            };
            Err(invalid(format!(
                "the setting {key:?} may not be sent to the provider; the operator's list has: {listed}"
            )))
        }
    }
}

/// The settings in a request's `extra`; none where there is no `extra`.
///
/// # Errors
/// [`codes::INVALID`] where it is no JSON object.
pub(super) fn settings(request: &ChatRequest) -> Result<Map<String, Value>, ChatError> {
    let Some(extra) = &request.extra else {
        return Ok(Map::new());
    };
    serde_json::from_str(extra)
        .map_err(|error| invalid(format!("`extra` has to be a JSON object as text: {error}")))
}

fn invalid(message: String) -> ChatError {
    ChatError::new(codes::INVALID, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(extra: Option<&str>) -> Result<(), ChatError> {
        let request = ChatRequest {
            extra: extra.map(str::to_owned),
            ..ChatRequest::default()
        };
        allow_extra(
            &request,
            &BTreeSet::from(["seed".to_owned(), "top_p".to_owned()]),
        )
    }

    #[test]
    fn settings_on_the_list_pass() {
        assert_eq!(allowed(None), Ok(()));
        assert_eq!(allowed(Some(r#"{"seed": 7, "top_p": 0.5}"#)), Ok(()));
    }

    #[test]
    fn a_setting_off_the_list_is_refused_by_name() {
        let error = allowed(Some(r#"{"seed": 7, "store\u202e": true}"#)).unwrap_err();
        assert_eq!(error.code, codes::INVALID);
        assert!(error.message.contains(r#""store\u{202e}""#), "{error}");
        assert!(error.message.contains("seed, top_p"), "{error}");
    }

    #[test]
    fn settings_that_are_no_object_are_refused() {
        for extra in ["", "[]", "null", "{"] {
            assert_eq!(
                allowed(Some(extra)).unwrap_err().code,
                codes::INVALID,
                "{extra}"
            );
        }
    }
}
