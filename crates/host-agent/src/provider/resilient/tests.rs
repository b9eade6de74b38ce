use std::time::Duration;

use portcullis_contract::chat::{Finish, Message, codes};
use tokio::time::Instant;

use super::*;
use crate::provider::{AnswerLimits, Bounded, Scripted, Turn, collect};

fn unavailable() -> Turn {
    Turn::refuse(ChatError::unavailable("down"))
}

fn limited(retry_after_ms: u64) -> Turn {
    Turn::refuse(ChatError::rate_limited("slow down", Some(retry_after_ms)))
}

fn scripted<const N: usize>(turns: [Turn; N]) -> Arc<Scripted> {
    Arc::new(Scripted::new(turns))
}

fn request() -> ChatRequest {
    ChatRequest {
        model: "first-model".to_owned(),
        ..ChatRequest::default()
    }
}

async fn ask(provider: &Resilient) -> Result<(Message, Finish), ChatError> {
    collect(provider.chat(request()).await?).await
}

#[tokio::test(start_paused = true)]
async fn a_hiccup_is_tried_again_with_growing_waits() {
    let script = scripted([unavailable(), unavailable(), Turn::new().text("Hello")]);
    let provider = Resilient::new(Candidate::new("one", script.clone()));
    let begin = Instant::now();
    assert_eq!(ask(&provider).await.unwrap().0.text(), "Hello");
    assert_eq!(script.requests().len(), 3);
    assert!(begin.elapsed() <= FIRST_DELAY * 3, "{:?}", begin.elapsed());
}

#[test]
fn waits_grow_to_the_longest_and_a_random_part_of_them_is_waited() {
    let retry = Retry {
        tries: u32::MAX,
        ..Retry::default()
    };
    let error = ChatError::unavailable("down");
    let delays = |tries| (0..100).map(move |_| retry.delay(tries, &error.clone()).unwrap());
    for (tries, longest) in [(1, FIRST_DELAY), (2, FIRST_DELAY * 2), (40, LONGEST_DELAY)] {
        let delays: Vec<_> = delays.clone()(tries).collect();
        assert!(delays.iter().all(|delay| *delay <= longest), "{tries}");
        assert!(delays.iter().any(|delay| *delay != delays[0]), "{tries}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_that_a_provider_asks_for_is_waited() {
    let script = scripted([limited(20_000), Turn::new().text("Hello")]);
    let provider = Resilient::new(Candidate::new("one", script));
    let begin = Instant::now();
    assert!(ask(&provider).await.is_ok());
    assert!(begin.elapsed() >= Duration::from_secs(20));
    assert!(begin.elapsed() <= Duration::from_secs(20) + FIRST_DELAY);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_asks_for_too_long_is_left_for_the_next() {
    let one = scripted([limited(3_600_000), limited(3_600_000)]);
    let two = scripted([Turn::new().text("from two"), limited(7_200_000)]);
    let provider =
        Resilient::new(Candidate::new("one", one.clone())).or(Candidate::new("two", two));
    let begin = Instant::now();
    assert_eq!(ask(&provider).await.unwrap().0.text(), "from two");
    assert_eq!((one.requests().len(), begin.elapsed()), (1, Duration::ZERO));

    let error = ask(&provider).await.unwrap_err();
    assert_eq!(
        (error.code.as_str(), error.retry_after_ms),
        (codes::RATE_LIMITED, Some(7_200_000))
    );
}

#[tokio::test(start_paused = true)]
async fn the_next_provider_is_asked_for_its_own_model_once_tries_are_used_up() {
    let one = scripted([
        unavailable(),
        unavailable(),
        unavailable(),
        Turn::new().text("too late"),
    ]);
    let two = scripted([Turn::new().text("from two")]);
    let provider =
        Resilient::new(Candidate::new("one", one.clone()))
            .or(Candidate::new("two", two.clone()).with_model("second-model"));
    assert_eq!(ask(&provider).await.unwrap().0.text(), "from two");
    assert_eq!(one.requests().len(), 3);
    assert_eq!(one.requests()[0].model, "first-model");
    assert_eq!(two.requests()[0].model, "second-model");
}

#[tokio::test(start_paused = true)]
async fn an_error_that_another_try_won_t_change_is_the_answer() {
    let own = ChatError::new(codes::CONTEXT_TOO_LONG, "too long");
    let one = scripted([Turn::refuse(own.clone())]);
    let two = scripted([]);
    let provider =
        Resilient::new(Candidate::new("one", one)).or(Candidate::new("two", two.clone()));
    assert_eq!(ask(&provider).await.unwrap_err(), own);
    assert!(two.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_error_before_the_first_piece_is_tried_again_though_the_stream_had_begun() {
    let late = Turn::new().fail(ChatError::unavailable("overloaded"));
    let script = scripted([late, Turn::new().break_off(), Turn::new().text("Hello")]);
    let provider = Resilient::new(Candidate::new("one", script));
    assert_eq!(ask(&provider).await.unwrap().0.text(), "Hello");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_began_is_not_begun_again() {
    let own = ChatError::unavailable("gone in the middle");
    let script = scripted([
        Turn::new().text("Hel").fail(own.clone()),
        Turn::new().text("Hello"),
    ]);
    let provider = Resilient::new(Candidate::new("one", script.clone()));
    assert_eq!(ask(&provider).await.unwrap_err(), own);
    assert_eq!(script.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn where_all_fail_the_error_names_each() {
    let refused = Turn::refuse(ChatError::new(codes::UNAUTHORIZED, "who are you?"));
    let one = scripted([unavailable(), unavailable(), unavailable()]);
    let provider =
        Resilient::new(Candidate::new("one", one)).or(Candidate::new("two", scripted([refused])));
    let error = ask(&provider).await.unwrap_err();
    assert_eq!(
        (error.code.as_str(), error.retryable),
        (codes::UNAUTHORIZED, false)
    );
    let told = "no provider answered: one: unavailable: down; two: unauthorized: who are you?";
    assert_eq!(error.message, told);
}

#[tokio::test(start_paused = true)]
async fn a_bounded_provider_that_hangs_is_left_for_the_next() {
    let hangs = scripted([Turn::new().hang(), Turn::new().hang(), Turn::new().hang()]);
    let limits = AnswerLimits {
        idle: Duration::from_secs(5),
        ..AnswerLimits::default()
    };
    let bounded = Arc::new(Bounded::new(hangs, limits));
    let provider = Resilient::new(Candidate::new("one", bounded)).or(Candidate::new(
        "two",
        scripted([Turn::new().text("from two")]),
    ));
    assert_eq!(ask(&provider).await.unwrap().0.text(), "from two");
}

#[tokio::test(start_paused = true)]
async fn models_are_those_of_the_first_that_tells_them() {
    let one = Arc::new(Scripted::new([]).models(["m-1"]));
    let provider = Resilient::new(Candidate::new("one", one));
    assert_eq!(provider.models().await.unwrap()[0].id, "m-1");
}
