//! Addresses and templates.

use portcullis_contract::uri::{UriError, UriTemplate, address};
use proptest::prelude::*;

fn matched(template: &str, uri: &str) -> Option<Vec<String>> {
    let template = UriTemplate::parse(template).unwrap();
    let values = template.matches(uri)?;
    Some(values.into_iter().map(|(_, value)| value).collect())
}

fn values(values: &[&str]) -> Option<Vec<String>> {
    Some(values.iter().map(|value| (*value).to_owned()).collect())
}

#[test]
fn an_address_is_an_absolute_uri_without_a_fragment() {
    for good in [
        "notes://today",
        "test://static-text",
        "urn:isbn:0451450523",
        "https://[::1]:8080/a%20b?c=d&e=(f)",
        "x:",
    ] {
        assert_eq!(address(good), Ok(()), "{good}");
    }
    let refused = |text: &str| address(text).unwrap_err();
    for scheme in ["", "today", "//today", "1a:b", ":x", "a b:c/d", "ä:b"] {
        let error = refused(scheme);
        let is_told = matches!(
            error,
            UriError::NoScheme { .. } | UriError::Character { .. }
        );
        assert!(is_told, "{scheme}: {error}");
    }
    for character in ['ä', ' ', '\n', '"', '<', '\\', '^', '`', '|', '\0'] {
        let error = refused(&format!("x:a{character}b"));
        let text = format!("x:a{character}b");
        assert_eq!(error, UriError::Character { text, character });
    }
    for escape in ["x:%", "x:%4", "x:%4g", "x:%%41"] {
        assert!(
            matches!(refused(escape), UriError::Escape { .. }),
            "{escape}"
        );
    }
    assert!(matches!(refused("x:a#b"), UriError::Fragment { .. }));
    assert!(matches!(refused("x:{a}"), UriError::Variable { .. }));
    let long = format!("x:{}", "a".repeat(2046));
    assert_eq!(address(&long), Ok(()));
    let longer = UriError::TooLong { bytes: 2049 };
    assert_eq!(address(&format!("{long}a")), Err(longer));
}

#[test]
fn a_template_has_variables_that_can_be_told_apart() {
    let refused = |text: &str| UriTemplate::parse(text).unwrap_err();
    for text in ["x:{a", "x:a}", "x:{a}}", "x:{{a}"] {
        let error = refused(text);
        let is_told = matches!(error, UriError::Brace { .. } | UriError::Expression { .. });
        assert!(is_told, "{text}: {error}");
    }
    for expression in [
        "",
        "+a",
        "/a",
        "a*",
        "a:3",
        "a,b",
        "a.b",
        "a-b",
        "ä",
        &"a".repeat(65),
    ] {
        let text = format!("x:{{{expression}}}");
        let expression = expression.to_owned();
        assert_eq!(refused(&text), UriError::Expression { text, expression });
    }
    assert!(matches!(refused("x:{a}/{a}"), UriError::Twice { .. }));
    assert!(matches!(refused("x:{a}{b}"), UriError::Adjacent { .. }));
    assert!(matches!(refused("x:a"), UriError::NoVariable { .. }));
    assert!(matches!(refused("{a}:b"), UriError::NoScheme { .. }));
    assert!(matches!(refused("{a}"), UriError::NoScheme { .. }));
    let template = UriTemplate::parse("x://{a}/{b_2}?c={C}").unwrap();
    assert_eq!(template.variables().collect::<Vec<_>>(), ["a", "b_2", "C"]);
    assert_eq!(template.to_string(), "x://{a}/{b_2}?c={C}");
    assert_eq!(template.literal_bytes(), 8);
}

#[test]
fn every_error_names_the_rule_and_a_remedy() {
    for text in [
        "a",
        "x: ",
        "x:%",
        "x:#",
        "x:{",
        "x:{+a}",
        "x:{a}/{a}",
        "x:{a}{b}",
        "x:a",
    ] {
        let told = UriTemplate::parse(text).unwrap_err().to_string();
        assert!(
            told.contains(&format!("`{text}`")) && told.contains("; "),
            "{told}"
        );
    }
}

#[test]
fn a_value_is_one_or_more_characters_of_a_segment() {
    assert_eq!(matched("x://{a}", "x://b"), values(&["b"]));
    for uri in [
        "x://", "x://b/", "x://b/c", "x://b?c", "x://b#c", "y://b", "", "x://ä/", "x:/",
    ] {
        assert_eq!(matched("x://{a}", uri), None, "{uri}");
    }
    assert_eq!(matched("x://{a}/{b}", "x://c/d"), values(&["c", "d"]));
    assert_eq!(matched("x://{a}/{b}", "x://c//d"), None);
    assert_eq!(matched("x:{a}/e", "x:b/e"), values(&["b"]));
    assert_eq!(matched("x:{a}/e", "x:/e"), None);
    assert_eq!(matched("x:{a}?b={c}", "x:1?b=2"), values(&["1", "2"]));
}

#[test]
fn a_value_ends_as_soon_as_it_can_and_the_last_part_stands_at_the_end() {
    assert_eq!(matched("x:{a}-{b}", "x:1-2-3"), values(&["1", "2-3"]));
    assert_eq!(matched("x:{a}-{b}", "x:--3"), values(&["-", "3"]));
    assert_eq!(matched("x:{a}aa{b}", "x:aaab"), values(&["a", "b"]));
    assert_eq!(matched("x:{a}.md", "x:b.md.md"), values(&["b.md"]));
    assert_eq!(
        matched("x:{a}-{b}.md", "x:1-2.md.md"),
        values(&["1", "2.md"])
    );
}

#[test]
fn a_value_is_decoded_or_there_is_no_match() {
    assert_eq!(matched("x:{a}", "x:a%2Fb%20%c3%A4"), values(&["a/b ä"]));
    assert_eq!(matched("x:{a}", "x:%00..%2F"), values(&["\0../"]));
    assert_eq!(matched("x:{a}", "x:ä"), values(&["ä"]));
    for uri in ["x:%", "x:%2", "x:%zz", "x:%+1", "x:%ff", "x:%c3"] {
        assert_eq!(matched("x:{a}", uri), None, "{uri}");
    }
    assert_eq!(matched("x:{a}2F{b}", "x:%2F2Fc"), values(&["/", "c"]));
}

#[test]
fn nothing_is_expanded_without_all_values() {
    let template = UriTemplate::parse("x:{a}/{b}").unwrap();
    let given = |name: &str| (name == "a").then_some("1");
    assert_eq!(template.expand(given), None);
    assert_eq!(template.expand(|_| Some("")), None);
    let expanded = template.expand(|_| Some("ä/~"));
    assert_eq!(expanded.as_deref(), Some("x:%C3%A4%2F~/%C3%A4%2F~"));
}

/// A template of some variables with these literals between and after them, and a value for each.
fn templates(literal: &'static str) -> impl Strategy<Value = (UriTemplate, Vec<String>)> {
    let variables = prop::collection::vec((literal, "\\PC{1,6}"), 1..5);
    (variables, "[a-z/.]{0,3}").prop_map(|(variables, end)| {
        let mut text = "x:".to_owned();
        let mut values = Vec::new();
        for (index, (literal, value)) in variables.into_iter().enumerate() {
            text.push_str(&format!("{literal}{{v{index}}}"));
            values.push(value);
        }
        (UriTemplate::parse(&(text + &end)).unwrap(), values)
    })
}

fn expand(template: &UriTemplate, values: &[String]) -> String {
    let value = |name: &str| values.get(name[1..].parse::<usize>().unwrap());
    let expanded = template.expand(|name| value(name).map(String::as_str));
    expanded.unwrap()
}

proptest! {
    #[test]
    fn any_text_is_a_template_or_an_error(text in "(x:)?[\\PC{}%#]{0,40}", uri in "\\PC{0,40}") {
        if let Ok(template) = UriTemplate::parse(&text) {
            prop_assert_eq!(&template.to_string(), &text);
            template.matches(&uri);
        }
        let _ = address(&text);
    }

    #[test]
    fn an_expansion_matches_and_what_matched_expands_to_it(
        (template, values) in templates("([/?:&=]|[a-z0-9F.-]{1,2}|%2F)"),
    ) {
        let uri = expand(&template, &values);
        prop_assert_eq!(address(&uri), Ok(()));
        let matched: Vec<String> = template
            .matches(&uri)
            .expect("an expansion matches")
            .into_iter()
            .map(|(_, value)| value)
            .collect();
        prop_assert_eq!(expand(&template, &matched), uri);
    }

    #[test]
    fn values_between_reserved_characters_come_back((template, values) in templates("[/?:&=!]")) {
        let uri = expand(&template, &values);
        let matched = template.matches(&uri).expect("an expansion matches");
        let matched: Vec<String> = matched.into_iter().map(|(_, value)| value).collect();
        prop_assert_eq!(matched, values);
    }
}
