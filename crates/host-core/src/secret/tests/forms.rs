//! No cut and no mix of encodings hides a value, and nothing else is touched.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use bytes::Bytes;
use proptest::prelude::*;

use crate::secret::forms::Forms;
use crate::secret::{Leak, Redactor, Scanner};

const VALUE: &str = "sk-live/4f+9 Ünïc%de_0123";

fn forms(values: &[&str]) -> Arc<Forms> {
    let values = values.iter().copied().enumerate();
    Arc::new(Forms::of(values).unwrap().expect("long enough"))
}

/// Feeds `bytes` in pieces, each as long as the next of `cuts` says.
fn pieces<'a>(mut bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for cut in cuts {
        let (piece, rest) = bytes.split_at(bytes.len().min(*cut));
        pieces.push(piece);
        bytes = rest;
    }
    pieces.push(bytes);
    pieces
}

fn leaks(value: &str, bytes: &[u8], cuts: &[usize]) -> bool {
    let mut scanner = Scanner::new(forms(&[value]), Vec::new());
    let mut fed = pieces(bytes, cuts)
        .into_iter()
        .map(|piece| scanner.feed(piece));
    fed.any(|fed| fed == Err(Leak))
}

fn redacted(value: &str, bytes: &[u8], cuts: &[usize]) -> Vec<u8> {
    let mut redactor = Redactor::new(forms(&[value]));
    let pieces = pieces(bytes, cuts);
    let mut given: Vec<u8> = (pieces.into_iter())
        .flat_map(|piece| redactor.push(Bytes::copy_from_slice(piece)))
        .collect();
    given.extend(redactor.finish());
    given
}

/// Percent-encodes the bytes for which `choice` says so, in either case. A `%` always: alone it would not be what it says.
fn percent(value: &str, choices: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::new();
    for (byte, choice) in value.bytes().zip(choices.iter().cycle()) {
        match choice % 3 {
            0 if byte != b'%' => encoded.push(byte),
            1 => encoded.extend(format!("%{byte:02x}").bytes()),
            _ => encoded.extend(format!("%{byte:02X}").bytes()),
        }
    }
    encoded
}

fn base64(value: &str, before: &[u8], after: &[u8], url: bool) -> Vec<u8> {
    let bytes = [before, value.as_bytes(), after].concat();
    let encoded = if url {
        URL_SAFE.encode(bytes)
    } else {
        STANDARD.encode(bytes)
    };
    encoded.into_bytes()
}

#[test]
fn values_are_found_raw_encoded_and_cut_anywhere() {
    let alignments =
        (0..3).flat_map(|n| [false, true].map(|url| base64(VALUE, &b"xyz"[..n], b"tail", url)));
    let encoded = [
        VALUE.as_bytes().to_vec(),
        percent(VALUE, &[1]),
        percent(VALUE, &[0, 1, 2]),
    ];
    for form in encoded.into_iter().chain(alignments) {
        let shown = String::from_utf8_lossy(&form).into_owned();
        let text = [b"{\"key\": \"", &form[..], b"\"}"].concat();
        for cut in 0..text.len() {
            assert!(leaks(VALUE, &text, &[cut]), "{shown} cut at {cut}");
        }
        assert!(
            leaks(VALUE, &text, &vec![1; text.len()]),
            "{shown} byte by byte"
        );
    }
}

#[test]
fn a_space_may_be_a_plus() {
    assert!(leaks(
        "correct horse battery",
        b"q=correct+horse+battery",
        &[]
    ));
}

#[test]
fn a_value_that_is_not_whole_is_no_leak() {
    for almost in [
        &VALUE[1..],
        &VALUE[..VALUE.len() - 1],
        "",
        "%",
        "%4",
        "sk-live/4f+9 Ünïc%de_012x",
    ] {
        assert!(!leaks(VALUE, almost.as_bytes(), &[3]), "{almost}");
    }
}

#[test]
fn what_is_looked_for_depends_on_its_length() {
    let short = "fifteen-letters";
    assert!(
        !leaks(short, short.as_bytes(), &[]),
        "a leak needs 16 bytes"
    );
    assert_eq!(redacted(short, short.as_bytes(), &[]), b"***************");
    assert!(
        Forms::of([(0, "seven77")]).unwrap().is_none(),
        "and redaction 8"
    );
}

#[test]
fn a_value_that_may_be_sent_is_no_leak_and_another_one_is() {
    let forms = forms(&["the-first-secret-value", "the-other-secret-value"]);
    let mut scanner = Scanner::new(forms, vec![0]);
    assert_eq!(scanner.feed(b"the-first-secret-value"), Ok(()));
    assert_eq!(scanner.text("the-first-secret-value"), Ok(()));
    assert_eq!(scanner.text("the-other-secret-value"), Err(Leak));
    assert_eq!(scanner.feed(b"the-other-secret-value"), Err(Leak));
}

#[test]
fn redaction_keeps_the_length_and_everything_else() {
    let (raw, encoded) = (VALUE.as_bytes(), &percent(VALUE, &[1, 0])[..]);
    let text = [b"{\"a\": \"", raw, b"\", \"b\": \"", encoded, b"\"}"].concat();
    let blank = |form: &[u8]| vec![b'*'; form.len()];
    let expected = [
        b"{\"a\": \"",
        &blank(raw)[..],
        b"\", \"b\": \"",
        &blank(encoded)[..],
        b"\"}",
    ];
    assert_eq!(redacted(VALUE, &text, &[5, 9, 1]), expected.concat());
}

#[test]
fn values_that_overlap_are_blanked_from_first_to_last_byte() {
    let clean = redacted("abcabcabc", b"-abcabcabcabc-", &[4, 7]);
    assert_eq!(clean, b"-************-");
}

#[test]
fn what_can_be_no_value_is_given_on_at_once() {
    let mut redactor = Redactor::new(forms(&[VALUE]));
    let event = Bytes::from_static(b"data: {\"token\": \"hello\"}\n\n");
    assert_eq!(redactor.push(event.clone()), event, "no byte is held back");
    assert_eq!(redactor.push(Bytes::from_static(b"x sk-li")), "x ");
    assert_eq!(
        redactor.push(Bytes::from_static(b"ne of text")),
        "sk-line of text"
    );
    assert_eq!(redactor.finish(), "");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_cut_and_no_encoding_hides_a_value(
        value in "[ -~]{16,40}",
        before in "[ -$&-~]{0,20}", after in "[ -~]{0,20}",
        cuts in prop::collection::vec(0usize..12, 0..20),
        choices in prop::collection::vec(any::<u8>(), 1..40),
        form in 0usize..4,
    ) {
        let encoded = match form {
            0 => value.clone().into_bytes(),
            1 => percent(&value, &choices),
            2 => base64(&value, &choices, after.as_bytes(), false),
            _ => base64(&value, &choices, after.as_bytes(), true),
        };
        let text = [before.as_bytes(), &encoded, after.as_bytes()].concat();
        prop_assert!(leaks(&value, &text, &cuts));
        let clean = redacted(&value, &text, &cuts);
        prop_assert_eq!(clean.len(), text.len());
        prop_assert!(!leaks(&value, &clean, &[]));
    }

    #[test]
    fn cuts_make_no_difference(
        value in "[a-c%+]{8,12}", bytes in prop::collection::vec(prop::sample::select(b"abc%+2B56143 ".to_vec()), 0..200),
        cuts in prop::collection::vec(0usize..9, 0..60),
    ) {
        prop_assert_eq!(redacted(&value, &bytes, &cuts), redacted(&value, &bytes, &[]));
        prop_assert_eq!(leaks(&value, &bytes, &cuts), leaks(&value, &bytes, &[]));
    }

    #[test]
    fn a_text_without_the_value_is_left_alone(text in "[ -~]{0,200}", cuts in prop::collection::vec(0usize..30, 0..20)) {
        prop_assert_eq!(redacted(VALUE, text.as_bytes(), &cuts), text.as_bytes());
    }
}
