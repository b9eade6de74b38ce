use portcullis_guest_sdk::chat::{Extension, Media, ToolResultPart};
use portcullis_guest_sdk::hook::{LlmOutput, ToolResultPersist};
use portcullis_guest_sdk::prelude::Verdict;
use portcullis_guest_sdk::serde_json;
use portcullis_guest_sdk::testing::Host;

use crate::scan::{Kinds, redacted};

const GITHUB: &str = "ghp_0123456789abcdefghijABCDEFGHIJ012345";

/// The text as it is kept.
fn kept(text: &str) -> String {
    redacted(text, &Kinds::default()).unwrap_or_else(|| text.to_owned())
}

fn stays(texts: &[&str]) {
    for text in texts {
        assert_eq!(redacted(text, &Kinds::default()), None, "{text}");
    }
}

#[test]
fn addresses_are_taken_out() {
    for (text, clean) in [
        ("ada@example.org", "[redacted: email]"),
        (
            "Ask <ada.l+x@mail.example.org>.",
            "Ask <[redacted: email]>.",
        ),
        (
            "a@example.org,b@example.org",
            "[redacted: email],[redacted: email]",
        ),
        ("to:...ada@example.org...", "to:...[redacted: email]..."),
        ("jörg@müller.example…", "[redacted: email]…"),
        ("jo\u{308}rg@example.org", "[redacted: email]"),
        ("请联系ada@example.org谢谢", "请联系[redacted: email]谢谢"),
        ("a@b.cd@e.fg", "[redacted: email]@e.fg"),
    ] {
        assert_eq!(kept(text), clean, "{text}");
    }
    stays(&[
        "@ada",
        "ada@",
        "root@localhost",
        "a@b.",
        "a@.b",
        "x @ y.z",
        "@@@@",
        "1@2.3",
        "a@-b.cd",
    ]);
}

#[test]
fn card_numbers_are_taken_out() {
    for (text, clean) in [
        ("4111111111111111", "[redacted: card]"),
        (
            "Card: 4111 1111 1111 1111, 12/30.",
            "Card: [redacted: card], 12/30.",
        ),
        ("5500-0000-0000-0004", "[redacted: card]"),
        ("378282246310005", "[redacted: card]"),
        ("2024 4111111111111111 2025", "2024 [redacted: card] 2025"),
        ("卡号4111111111111111。", "卡号[redacted: card]。"),
        (
            "4111111111111111 5500000000000004",
            "[redacted: card] [redacted: card]",
        ),
    ] {
        assert_eq!(kept(text), clean, "{text}");
    }
    stays(&[
        "4111111111111112",
        "1700000000000",
        "0.4111111111111111",
        "x4111111111111111",
        "4111111111111111f",
        "41111111111111114111111111111111",
        "4111  1111  1111  1111",
    ]);
}

#[test]
fn keys_and_tokens_are_taken_out() {
    for (text, clean) in [
        (GITHUB, "[redacted: api key]"),
        (
            "OPENAI_API_KEY=sk-proj-abcdefghij0123456789",
            "OPENAI_API_KEY=[redacted: api key]",
        ),
        ("\"AKIAIOSFODNN7EXAMPLE\"", "\"[redacted: api key]\""),
        (
            "Authorization: Bearer abc.DEF-123_456~789+/=",
            "Authorization: Bearer [redacted: bearer token]",
        ),
        (
            "authorization: bearer \tsk-abcdefghij0123456789x",
            "authorization: bearer \t[redacted: bearer token]",
        ),
    ] {
        assert_eq!(kept(text), clean, "{text}");
    }
    stays(&[
        "sk-short1",
        "risk-abcdefghij0123456789",
        "sk-something-that-is-not-secret",
        "AKIAIOSFODNN7EXAMPLES",
        "akiaiosfodnn7example",
        "The bearer of internationalization wins.",
        "Bearer",
        "Bearer ",
    ]);
}

#[test]
fn what_is_clean_stays_clean() {
    let text = format!("ada@example.org {GITHUB} 4111111111111111 Bearer 0123456789abcdef");
    let once = kept(&text);
    assert_eq!(once.matches("[redacted: ").count(), 4);
    assert_eq!(redacted(&once, &Kinds::default()), None);
}

#[test]
fn long_texts_take_no_longer_than_they_are() {
    // Each would take many minutes if a scanner began anew at every character.
    for unit in [
        "a@", "a.", "1", "4 ", "@", "Bearer ", "4111 ", "sk-1", "é", "a-.@",
    ] {
        let text = unit.repeat((1 << 18) / unit.len());
        redacted(&text, &Kinds::default());
    }
}

#[test]
fn texts_are_cut_between_characters() {
    let alphabet = [
        "é",
        "@",
        ".",
        "a",
        "1",
        " ",
        "-",
        "谢",
        "4111111111111111",
        "bearer ",
        "sk-",
    ];
    let mut state: u32 = 7;
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..12 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            text.push_str(alphabet[(state >> 16) as usize % alphabet.len()]);
        }
        redacted(&text, &Kinds::default());
    }
}

fn result(parts: Vec<ToolResultPart>) -> ToolResultPersist {
    ToolResultPersist {
        session: "s".into(),
        turn: 1,
        call_id: "c".into(),
        tool: "a.b/c".into(),
        is_error: false,
        result: parts,
    }
}

#[test]
fn each_part_of_a_result_is_looked_at() {
    let media = |data: &[u8]| {
        ToolResultPart::Media(Media {
            media_type: "text/csv".into(),
            data: data.to_vec(),
        })
    };
    let other = |payload: &str| {
        ToolResultPart::Other(Extension {
            kind: "rows".into(),
            payload: payload.into(),
        })
    };
    let text = |text: &str| ToolResultPart::Text(text.into());
    let before = result(vec![
        text("ada@example.org"),
        text("fine"),
        media(b"x,ada@example.org"),
        media(b"\xffada@example.org"),
        other(r#"{"mail":["ada@example.org"],"card":4111111111111111,"n":1}"#),
    ]);
    let verdict = Host::new()
        .on_event("redact_result", &before)
        .unwrap()
        .verdict;
    let Verdict::Replace(after) = verdict else {
        panic!("nothing was taken out");
    };
    let after: ToolResultPersist = serde_json::from_value(after).unwrap();
    let clean = result(vec![
        text("[redacted: email]"),
        text("fine"),
        media(b"x,[redacted: email]"),
        media(b"\xffada@example.org"),
        other(r#"{"card":"[redacted: card]","mail":["[redacted: email]"],"n":1}"#),
    ]);
    assert_eq!(after, clean);
    let again = Host::new().on_event("redact_result", &after).unwrap();
    assert_eq!(again.verdict, Verdict::Proceed);
}

/// The text of an answer after the hook.
fn answered(host: &Host, text: &str) -> String {
    let event = LlmOutput {
        session: "s".into(),
        turn: 1,
        model: "m".into(),
        finish: "stop".into(),
        usage: None,
        tool_uses: Vec::new(),
        text: text.into(),
    };
    match host.on_event("redact_answer", &event).unwrap().verdict {
        Verdict::Replace(after) => after["text"].as_str().unwrap().to_owned(),
        _ => text.to_owned(),
    }
}

#[test]
fn the_operator_chooses_what_is_taken_out() {
    let text = format!("ada@example.org {GITHUB}");
    let host = Host::new().config("email", false);
    assert_eq!(
        answered(&host, &text),
        "ada@example.org [redacted: api key]"
    );
    let host = Host::new().config("api-key", false);
    assert_eq!(
        answered(&host, &text),
        format!("[redacted: email] {GITHUB}")
    );
}

#[test]
fn settings_that_cannot_be_read_take_out_everything() {
    let host = Host::new().config("email", "no");
    assert_eq!(answered(&host, "ada@example.org"), "[redacted: email]");
    assert!(
        host.logs()[0].message.contains("settings"),
        "{:?}",
        host.logs()
    );
}
