//! Their functions as tools: every kind of type, there and back.

use std::time::Duration;

use futures::StreamExt;
use portcullis_host_core::{Content, Error, ErrorKind, InstancePolicy, LoadOptions, ToolEvent};
use portcullis_test_artifacts::WELL_PLAIN;
use serde_json::{Value, json};

use crate::support::*;

/// What a tool gives, which is not a record.
async fn result(tool: &str, arguments: Value) -> Value {
    let plugin = load(&host(), WELL_PLAIN).await;
    ask(&plugin, tool, arguments).await["result"].clone()
}

/// Gives the arguments back as they are.
async fn comes_back(tool: &str, name: &str, values: &[Value]) {
    let plugin = load(&host(), WELL_PLAIN).await;
    for value in values {
        let back = ask(&plugin, tool, json!({name: value})).await;
        assert_eq!(back, json!({"result": value}));
    }
}

on_both_runtimes! {
    async fn a_record_is_an_object() {
        let plugin = load(&host(), WELL_PLAIN).await;
        let moved = |point| ask(&plugin, "shapes_move", json!({"point": point, "by": [1, -2]}));
        let without = moved(json!({"x": 1, "y": 1})).await;
        assert_eq!(without, json!({"x": 2, "y": -1, "label": null}));
        let with = moved(json!({"x": i32::MIN, "y": 1, "label": "ä"})).await;
        assert_eq!(with, json!({"x": i32::MIN + 1, "y": -1, "label": "ä"}));
    }
}

#[tokio::test]
async fn a_variant_is_a_tag_and_a_value() {
    let polygon = json!([{"x": 0, "y": 1, "label": null}, {"x": 2, "y": 3, "label": "b"}]);
    let shapes = [
        json!({"tag": "circle", "val": 1.5}),
        json!({"tag": "polygon", "val": polygon}),
        json!({"tag": "polygon", "val": []}),
        json!({"tag": "nothing"}),
    ];
    comes_back("shapes_same", "shape", &shapes).await;
}

#[tokio::test]
async fn options_within_options_are_told_apart() {
    let values = [
        json!({"tag": "none"}),
        json!({"tag": "some", "val": null}),
        json!({"tag": "some", "val": 7}),
    ];
    comes_back("values_maybe", "value", &values).await;
}

#[tokio::test]
async fn results_within_lists_keep_both_ends() {
    let values = json!([
        {"tag": "ok", "val": 255},
        {"tag": "ok", "val": null},
        {"tag": "err", "val": "no"},
    ]);
    comes_back("values_nested", "values", &[values, json!([])]).await;
}

#[tokio::test]
async fn numbers_keep_every_digit_and_beyond_json_are_texts() {
    let plugin = load(&host(), WELL_PLAIN).await;
    let call = |numbers: [Value; 6]| {
        let [a, b, c, d, e, f] = numbers;
        ask(
            &plugin,
            "values_numbers",
            json!({"a": a, "b": b, "c": c, "d": d, "e": e, "f": f}),
        )
    };
    let small = [
        json!(1),
        json!(-1),
        json!(0.1),
        json!(-0.5),
        json!(-128),
        json!("é"),
    ];
    assert_eq!(call(small.clone()).await["result"], json!(small));
    let large = [
        json!(u64::MAX.to_string()),
        json!(i64::MIN.to_string()),
        json!("NaN"),
        json!("-Infinity"),
        json!(127),
        json!("😀"),
    ];
    assert_eq!(call(large.clone()).await["result"], json!(large));
    let as_numbers = [
        json!(u64::MAX),
        json!(i64::MIN),
        json!("Infinity"),
        json!("NaN"),
        json!(0),
        json!("a"),
    ];
    let back = call(as_numbers).await["result"].clone();
    assert_eq!(back[0], json!(u64::MAX.to_string()));
    assert_eq!(back[2], json!("Infinity"));
}

#[tokio::test]
async fn enums_and_flags_are_names() {
    let painted = result(
        "values_paint",
        json!({"color": "dark-green", "rights": ["run-now", "read"]}),
    )
    .await;
    assert_eq!(painted, json!(["dark-green", ["read", "run-now"]]));
    let none = result("values_paint", json!({"color": "red", "rights": []})).await;
    assert_eq!(none, json!(["red", []]));
}

#[tokio::test]
async fn bytes_are_base64_wherever_they_are() {
    let plugin = load(&host(), WELL_PLAIN).await;
    assert_eq!(
        ask(&plugin, "values_reverse", json!({"data": "AQID"})).await,
        json!({"result": "AwIB"})
    );
    let file = json!({"name": "a", "data": "/w==", "tags": ["x", ""]});
    let stored = ask(&plugin, "values_store", json!({"file": file})).await;
    assert_eq!(
        stored,
        json!({"name": "a!", "data": "/w==", "tags": ["x", ""]})
    );
    let schema = &plugin.tool("values_reverse").unwrap().input_schema;
    assert_eq!(schema["properties"]["data"]["contentEncoding"], "base64");
}

#[tokio::test]
async fn parameters_and_results_beyond_core_values_go_through_memory() {
    let plugin = load(&host(), WELL_PLAIN).await;
    let wide = |text: &str| {
        json!({
            "a": 1, "b": text, "c": 2, "d": "AA==", "e": 0.5, "f": "f", "g": true, "h": -1, "i": "i",
            "j": 3, "k": "k", "l": [4, 5],
        })
    };
    let back = ask(
        &plugin,
        "values_widest",
        json!({"wide": wide("b"), "again": wide("other")}),
    )
    .await;
    assert_eq!(back, wide("other"));
}

#[tokio::test]
async fn an_option_may_be_left_out_and_a_text_is_also_content() {
    let plugin = load(&host(), WELL_PLAIN).await;
    for arguments in [json!({"first": "a"}), json!({"first": "a", "second": null})] {
        let output = plugin
            .call("values_optional", arguments, Default::default())
            .await
            .unwrap();
        assert_eq!(output.text(), "a");
        assert_eq!(output.structured, Some(json!({"result": "a"})));
    }
}

on_both_runtimes! {
    async fn async_functions_are_waited_for() {
        let plugin = load(&host(), WELL_PLAIN).await;
        assert_eq!(ask(&plugin, "later", json!({"name": "Ada"})).await["result"], "Ada");
        let both = ask(&plugin, "both", json!({"a": 1, "b": "x"})).await;
        assert_eq!(both["result"], json!([1, "x", 2]));
    }
}

#[tokio::test]
async fn the_bad_end_of_a_result_is_the_tools_error_with_details() {
    let plugin = load(&host(), WELL_PLAIN).await;
    let circle = json!({"shape": {"tag": "circle", "val": 2.0}});
    assert_eq!(ask(&plugin, "shapes_area", circle).await["result"], 12.0);
    let area = |shape| fail(&plugin, "shapes_area", json!({"shape": shape}));
    let Error::Tool(error) = area(json!({"tag": "polygon", "val": []})).await else {
        panic!("a tool's error");
    };
    assert_eq!(error.code, "not-found");
    assert_eq!(
        error.details,
        Some(json!({"tag": "not-found", "val": "its area"}))
    );
    let Error::Tool(error) = area(json!({"tag": "nothing"})).await else {
        panic!("a tool's error");
    };
    assert_eq!(error.code, "busy");
    let Error::Tool(error) = fail(&plugin, "later", json!({"name": ""})).await else {
        panic!("a tool's error");
    };
    assert_eq!(
        (error.message.as_str(), error.details),
        ("nobody is there", Some(json!("nobody is there")))
    );
    let nothing = fail(&plugin, "shapes_check", json!({"passes": false})).await;
    assert_eq!(nothing.kind(), ErrorKind::Tool);
    assert_eq!(
        ask(&plugin, "shapes_check", json!({"passes": true})).await,
        json!("")
    );
}

#[tokio::test]
async fn what_does_not_fit_is_told_with_its_place_and_the_guest_is_not_entered() {
    let plugin = load(&host(), WELL_PLAIN).await;
    for (tool, arguments, place) in [
        ("greet", json!({}), ""),
        ("greet", json!({"name": 1}), "/name"),
        ("greet", json!({"name": "a", "other": 1}), ""),
        (
            "shapes_move",
            json!({"point": {"x": 1, "y": 3_000_000_000_u32}, "by": [0, 0]}),
            "/point/y",
        ),
        ("values_reverse", json!({"data": "not base64"}), "/data"),
        (
            "values_paint",
            json!({"color": "blue", "rights": []}),
            "/color",
        ),
    ] {
        let error = fail(&plugin, tool, arguments).await;
        let Error::InvalidArguments { mistakes, .. } = &error else {
            panic!("{tool}: {error:?}");
        };
        assert_eq!(mistakes[0].pointer, place, "{error}");
    }
    let beyond = json!({"a": "18446744073709551616", "b": 0, "c": 0, "d": 0, "e": 0, "f": "f"});
    assert!(
        fail(&plugin, "values_numbers", beyond)
            .await
            .to_string()
            .contains("/a")
    );
}

on_both_runtimes! {
    async fn streams_are_streaming_tools() {
        let plugin = load(&host(), WELL_PLAIN).await;
        assert!(plugin.tool("words").unwrap().streams.output);
        let mut stream = plugin.call_streaming("words", json!({"text": "a b c"}), Default::default()).await.unwrap();
        let mut words = Vec::new();
        while let Some(event) = stream.next().await {
            let ToolEvent::Content(Content::Text(word)) = event else { panic!("{event:?}") };
            words.push(word);
        }
        assert_eq!(words, ["a", "b", "c"]);
        stream.output().await.unwrap();

        let output = plugin.call("bytes", json!({"count": 300}), Default::default()).await.unwrap();
        let bytes: Vec<u8> = output.content.iter().flat_map(|block| match block {
            Content::Blob(blob) => blob.data.clone(),
            other => panic!("{other:?}"),
        }).collect();
        assert_eq!(bytes.len(), 300);
        assert_eq!(bytes[299], 43);

        let promised = plugin.call("promise", json!({"text": "kept"}), Default::default()).await.unwrap();
        assert_eq!(promised.text(), "kept");
        let Error::Tool(error) = fail(&plugin, "words", json!({"text": ""})).await else { panic!("a tool's error") };
        assert_eq!(error.message, "there are no words");
    }
}

#[tokio::test]
async fn the_limits_of_calls_hold() {
    let plugin = load(&host(), WELL_PLAIN).await;
    let error = fail(&plugin, "values_zeros", json!({"count": 2_000_000})).await;
    assert_eq!(error.kind(), ErrorKind::OutputTooLarge, "{error}");
    let error = fail(&plugin, "greet", json!({"name": "x".repeat(2_000_000)})).await;
    assert_eq!(error.kind(), ErrorKind::InvalidArguments, "{error}");
    let short = options(|options| options.timeout = Some(Duration::from_millis(50)));
    let error = fail_with(&plugin, "spin", json!({}), short).await;
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded, "{error}");
    let error = fail(&plugin, "values_trap", json!({})).await;
    assert_eq!(error.kind(), ErrorKind::Trapped, "{error}");
    assert_eq!(
        ask(&plugin, "greet", json!({"name": "x"})).await["result"],
        "Hello, x!"
    );
}

#[tokio::test]
async fn instances_are_kept_and_words_are_logged_as_for_any_plugin() {
    let (host, lines) = listening();
    let reuse = LoadOptions {
        instances: Some(InstancePolicy::Reuse),
        ..LoadOptions::default()
    };
    let plugin = host.load_with(WELL_PLAIN, reuse).await.unwrap();
    for _ in 0..3 {
        assert_eq!(ask(&plugin, "log", json!({})).await["result"], "printed");
    }
    let said = lines
        .messages()
        .into_iter()
        .filter(|line| line.contains("printed by a plain"));
    assert_eq!(said.count(), 3);
}
