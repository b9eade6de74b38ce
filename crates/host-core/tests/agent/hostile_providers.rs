//! Model providers that do what they must not. For each: the pieces that came and the right error; the plugin can be asked again,
//! and nothing is left behind.

use std::time::Duration;

use futures::StreamExt;
use portcullis_host_core::portcullis_contract::chat::{ChatError, Delta, Finish, codes};
use portcullis_host_core::{Assembler, CallOptions, Error, ErrorKind, Host, Plugin};
use portcullis_test_artifacts::HOSTILE_PROVIDER;

use crate::support::*;

const THREE: [&str; 3] = ["one ", "two ", "three"];

/// Asks a provider, and checks that plugin and host are well afterwards.
async fn attack(provider: &str, options: CallOptions) -> (Vec<Delta>, Result<Finish, ChatError>) {
    let host = host();
    let plugin = load(&host, HOSTILE_PROVIDER).await;
    let chat = plugin.chat(provider, request("a"), options).await.unwrap();
    let answer = whole(chat).await;
    is_well(&host, &plugin).await;
    answer
}

async fn is_well(host: &Host, plugin: &Plugin) {
    nothing_runs(host);
    let chat = plugin.chat("well", request("a"), CallOptions::default());
    let (deltas, finish) = whole(chat.await.unwrap()).await;
    assert_eq!(
        (texts(&deltas), finish),
        (vec!["well"], Ok(Finish::new("stop")))
    );
}

#[tokio::test]
async fn an_error_before_the_first_piece_is_the_providers_own() {
    let (deltas, end) = attack("refuse", short()).await;
    assert_eq!(deltas, []);
    let refused = ChatError::new(codes::UNAUTHORIZED, "no answers for you");
    assert_eq!(end, Err(refused));
}

#[tokio::test]
async fn a_rate_limit_says_when_to_come_back() {
    let (_, end) = attack("rate_limited", short()).await;
    let limited = ChatError::rate_limited("too many questions", Some(1_500));
    assert_eq!(end, Err(limited));
}

#[tokio::test]
async fn what_came_before_an_error_is_not_lost() {
    for (provider, code) in [
        ("error_midway", codes::UNAVAILABLE),
        ("trap_midway", codes::INTERNAL),
        ("drop_end", codes::BROKEN),
    ] {
        let (deltas, end) = attack(provider, short()).await;
        assert_eq!(texts(&deltas), THREE, "{provider}");
        assert_eq!(end.unwrap_err().code, code, "{provider}");
    }
}

#[tokio::test]
async fn an_answer_without_an_end_is_broken() {
    let (deltas, end) = attack("drop_both", short()).await;
    assert_eq!((deltas, end.unwrap_err().code), (vec![], "broken".into()));
}

#[tokio::test]
async fn pieces_that_follow_the_end_are_not_lost() {
    let (deltas, end) = attack("end_first", short()).await;
    assert_eq!(
        (texts(&deltas), end),
        (THREE.to_vec(), Ok(Finish::new("stop")))
    );
}

#[tokio::test]
async fn who_neither_answers_nor_ends_is_ended_at_the_deadline() {
    for provider in ["silent", "hang", "spin"] {
        let (deltas, end) = attack(provider, short()).await;
        let error = end.unwrap_err();
        assert_eq!(deltas, [], "{provider}");
        assert_eq!(error.code, codes::UNAVAILABLE, "{provider}: {error}");
    }
}

#[tokio::test]
async fn who_answers_and_does_not_end_is_ended_and_its_answer_is_none() {
    for provider in ["linger", "forget_end"] {
        let (deltas, end) = attack(provider, short()).await;
        let error = end.unwrap_err();
        assert_eq!(texts(&deltas), THREE, "{provider}");
        assert!(
            [codes::UNAVAILABLE, codes::BROKEN].contains(&&*error.code),
            "{provider}: {error}"
        );
    }
}

#[tokio::test]
async fn an_answer_without_end_stops_at_a_limit() {
    for provider in ["endless", "endless_empty"] {
        let (deltas, end) = attack(provider, short()).await;
        let error = end.unwrap_err();
        assert!(!deltas.is_empty());
        assert!(
            [codes::UNAVAILABLE, codes::INTERNAL].contains(&&*error.code),
            "{provider}: {error}"
        );
    }
}

#[tokio::test]
async fn a_piece_of_a_hundred_megabytes_is_too_large() {
    let (deltas, end) = attack("huge_piece", long()).await;
    let error = end.unwrap_err();
    assert_eq!((deltas, &*error.code), (vec![], codes::INTERNAL));
    assert!(error.message.contains("larger than"), "{error}");
}

#[tokio::test]
async fn tool_uses_that_make_no_sense_are_no_answer() {
    let (deltas, end) = attack("odd_tool_use", short()).await;
    end.unwrap();
    let mut whole = Assembler::default();
    let pushed = deltas.into_iter().try_for_each(|delta| whole.push(delta));
    let broken = pushed.and_then(|()| whole.finish()).unwrap_err();
    assert_eq!(broken.code, codes::BROKEN);
}

#[tokio::test]
async fn an_answer_that_nobody_reads_any_more_ends() {
    let host = host();
    let plugin = load(&host, HOSTILE_PROVIDER).await;
    for provider in ["endless", "error_midway"] {
        let chat = plugin.chat(provider, request("a"), CallOptions::default());
        let mut stream = chat.await.unwrap();
        stream.next().await.unwrap().unwrap();
        assert_eq!(host.stats().live_instances, 1, "{provider}");
        drop(stream);
        is_well(&host, &plugin).await;
    }
}

#[tokio::test]
async fn an_answer_that_is_not_waited_for_ends() {
    let host = host();
    let plugin = load(&host, HOSTILE_PROVIDER).await;
    for provider in ["hang", "silent"] {
        let chat = plugin.chat(provider, request("a"), CallOptions::default());
        let mut stream = chat.await.unwrap();
        // Polled until the guest waits.
        let waited = tokio::time::timeout(Duration::from_millis(100), stream.next()).await;
        assert!(waited.is_err(), "{provider}");
        drop(stream);
        is_well(&host, &plugin).await;
    }
    // One that was never polled has begun nothing.
    let chat = plugin.chat("endless", request("a"), CallOptions::default());
    drop(chat.await.unwrap());
    is_well(&host, &plugin).await;
}

#[tokio::test]
async fn models_that_can_not_be_told_are_an_error() {
    let host = host();
    let plugin = load(&host, HOSTILE_PROVIDER).await;
    let hung = plugin.models("hang", short()).await.unwrap_err();
    assert_eq!(hung.kind(), ErrorKind::DeadlineExceeded);
    let huge = plugin.models("huge_piece", long()).await.unwrap_err();
    assert_eq!(huge.kind(), ErrorKind::OutputTooLarge);
    let refused = plugin.models("refuse", short()).await.unwrap_err();
    assert!(
        matches!(&refused, Error::Chat(error) if error.code == codes::UNAUTHORIZED),
        "{refused}"
    );
    assert_eq!(
        plugin.models("well", short()).await.unwrap()[0].id,
        "hostile-1"
    );
    is_well(&host, &plugin).await;
}
