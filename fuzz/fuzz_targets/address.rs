//! Any text is an address or not, and a template or not; what an address gives a template's variables, expands to an address
//! that gives them the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_contract::uri::{UriError, UriTemplate, address};

fuzz_target!(|texts: (&str, &str)| {
    let (template, uri) = texts;
    let _ = address(uri);
    let Ok(template) = UriTemplate::parse(template) else {
        return;
    };
    let Some(values) = template.matches(uri) else {
        return;
    };
    let value = |name: &str| values.iter().find(|(variable, _)| *variable == name);
    let expanded = template.expand(|name| value(name).map(|(_, value)| value.as_str()));
    let expanded = expanded.expect("every variable has a value");
    let checked = address(&expanded);
    assert!(matches!(checked, Ok(()) | Err(UriError::TooLong { .. })));
    let again = template.matches(&expanded).expect("an expansion matches");
    let again = template.expand(|name| {
        let mut values = again.iter();
        let value = values.find(|(variable, _)| *variable == name);
        value.map(|(_, value)| value.as_str())
    });
    assert_eq!(again, Some(expanded));
});
