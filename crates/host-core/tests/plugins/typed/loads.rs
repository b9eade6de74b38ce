//! What of a component becomes a tool, and what is refused.

use std::fmt::Write as _;

use portcullis_host_core::{Error, Grant, LimitOverrides, LoadOptions, Plugin};
use portcullis_test_artifacts::WELL_PLAIN;
use serde_json::json;

use crate::support::*;

/// A component whose functions are what `types` and `functions` say, none of which can be called without a trap.
fn component(types: &str, functions: &[(&str, &str)]) -> Vec<u8> {
    let mut text = format!(
        r#"(component
            (core module $m
                (memory (export "memory") 1)
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable)
                (func (export "f") (result i32) unreachable))
            (core instance $i (instantiate $m))
            (alias core export $i "f" (core func $f))
            (alias core export $i "memory" (core memory $memory))
            (alias core export $i "realloc" (core func $realloc))
            {types}"#
    );
    for (index, (name, result)) in functions.iter().enumerate() {
        let lifted = "(canon lift (core func $f) (memory $memory) (realloc (core func $realloc)))";
        writeln!(text, "(func $f{index} (result {result}) {lifted})").unwrap();
        writeln!(text, "(export \"{name}\" (func $f{index}))").unwrap();
    }
    text.push(')');
    wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

async fn load_bytes(bytes: Vec<u8>) -> Result<Plugin, Error> {
    host().load(bytes, Grant::none()).await
}

#[tokio::test]
async fn every_function_is_a_tool_named_by_interface_and_function() {
    let plugin = load(&host(), WELL_PLAIN).await;
    let names: Vec<_> = plugin
        .tools()
        .iter()
        .map(|tool| tool.name.as_str())
        .collect();
    for name in [
        "shapes_move",
        "values_paint",
        "values_reverse",
        "greet",
        "later",
    ] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    let mapped = |tool: &str| {
        let found = plugin
            .functions()
            .iter()
            .find(|function| function.tool == tool);
        let found = found.unwrap();
        format!("{}: {}", found.function, found.signature)
    };
    assert_eq!(
        mapped("shapes_area"),
        "plain:types/shapes@1.2.0/area: func(shape: variant { circle(f64), \
         polygon(list<record { x: s32, y: s32, label: option<string> }>), nothing }) \
         -> result<f64, variant { not-found(string), busy }>"
    );
    assert_eq!(
        mapped("words"),
        "words: func(text: string) -> result<stream<string>, string>"
    );
    assert_eq!(mapped("spin"), "spin: func()");
    let greet = plugin.tool("greet").unwrap();
    assert_eq!(greet.input_schema["required"], json!(["name"]));
    assert!(greet.description.contains("greet"), "{}", greet.description);
}

#[tokio::test]
async fn functions_of_handles_are_left_out_by_name_and_reason() {
    let plugin = load(&host(), WELL_PLAIN).await;
    let out = |function: &str| {
        let found = plugin
            .left_out()
            .iter()
            .find(|out| out.function.ends_with(function));
        found
            .unwrap_or_else(|| panic!("{function} in {:?}", plugin.left_out()))
            .reason
            .clone()
    };
    assert!(out("handles@1.2.0/total").contains("handles of resources"));
    assert!(out("[method]counter.next").contains("resource"));
    assert!(
        plugin
            .tools()
            .iter()
            .all(|tool| !tool.name.starts_with("handles"))
    );
    let error = plugin
        .call_typed::<_, u32>("plain:types/handles@1.2.0/total", ())
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("handles of resources"),
        "{error}"
    );
}

#[tokio::test]
async fn a_component_of_nothing_but_handles_is_refused_with_the_reasons() {
    let types = r#"(type $r' (resource (rep i32))) (export $r "r" (type $r'))"#;
    let error = load_bytes(component(types, &[("make", "(own $r)")]))
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("make: ") && text.contains("handles of resources"),
        "{text}"
    );
}

#[tokio::test]
async fn names_that_collide_after_mapping_are_left_out_together() {
    // WIT has no two names that differ in case alone within one interface; two interfaces may.
    let plugin = load_bytes(colliding()).await.unwrap();
    let tools: Vec<_> = plugin
        .tools()
        .iter()
        .map(|tool| tool.name.as_str())
        .collect();
    assert_eq!(tools, ["other"]);
    let out = plugin.left_out();
    assert_eq!(out.len(), 2, "{out:?}");
    for one in out {
        assert!(
            one.reason.contains("a:a/api/get and b:b/api/get"),
            "{}",
            one.reason
        );
        assert!(one.reason.contains("\"api_get\""), "{}", one.reason);
    }
}

/// Two interfaces of the same name in two packages, and a function beside them.
fn colliding() -> Vec<u8> {
    wat::parse_str(
        r#"(component
            (core module $m (func (export "f") (result i32) i32.const 7))
            (core instance $i (instantiate $m))
            (func $f (result u32) (canon lift (core func $i "f")))
            (component $c
                (import "f" (func $f (result u32)))
                (export "get" (func $f)))
            (instance $a (instantiate $c (with "f" (func $f))))
            (instance $b (instantiate $c (with "f" (func $f))))
            (export "a:a/api" (instance $a))
            (export "b:b/api" (instance $b))
            (export "other" (func $f)))"#,
    )
    .unwrap()
}

#[tokio::test]
async fn functions_that_share_a_tools_name_can_still_be_called_by_their_path() {
    let plugin = load_bytes(colliding()).await.unwrap();
    assert_eq!(plugin.call_typed::<_, u32>("other", ()).await.unwrap(), 7);
    assert_eq!(ask(&plugin, "other", json!({})).await, json!({"result": 7}));
}

#[tokio::test]
async fn a_thousand_functions_are_beyond_the_limit_and_within_a_higher_one() {
    let names: Vec<String> = (0..1_000).map(|index| format!("f{index}")).collect();
    let functions: Vec<_> = names.iter().map(|name| (name.as_str(), "u32")).collect();
    let bytes = component("", &functions);
    // What is in the cache was judged before.
    let host = builder().no_cache().build().unwrap();
    let error = host.load(bytes.clone(), Grant::none()).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::LoadLimit {
                limit: "tools",
                allowed: 256,
                found: 1_000
            }
        ),
        "{error}"
    );
    let mut limits = portcullis_host_core::Limits::default();
    limits.load.tools = 1_000;
    let host = builder().no_cache().limits(limits).build().unwrap();
    let plugin = host.load(bytes, Grant::none()).await.unwrap();
    assert_eq!(plugin.tools().len(), 1_000);
}

#[tokio::test]
async fn a_type_that_is_made_of_itself_twice_at_every_level_is_refused() {
    let mut types = r#"(type $t0 (tuple u8 u8))"#.to_owned();
    for level in 1..14 {
        write!(
            types,
            "(type $t{level} (tuple $t{} $t{}))",
            level - 1,
            level - 1
        )
        .unwrap();
    }
    let bytes = component(&types, &[("bomb", "(list $t13)"), ("fine", "u32")]);
    let plugin = load_bytes(bytes).await.unwrap();
    assert_eq!(plugin.tools().len(), 1);
    assert_eq!(plugin.left_out()[0].function, "bomb");
    assert!(
        plugin.left_out()[0].reason.contains("more than 4096 types"),
        "{:?}",
        plugin.left_out()
    );
}

#[tokio::test]
async fn a_type_that_is_nested_too_deep_is_refused() {
    let mut types = r#"(type $t0 (list string))"#.to_owned();
    for level in 1..60 {
        write!(types, "(type $t{level} (list $t{}))", level - 1).unwrap();
    }
    let plugin = load_bytes(component(&types, &[("deep", "$t59"), ("fine", "u32")]))
        .await
        .unwrap();
    assert!(
        plugin.left_out()[0].reason.contains("nested deeper"),
        "{:?}",
        plugin.left_out()
    );
}

#[tokio::test]
async fn an_import_that_nobody_serves_is_told_by_name() {
    let bytes = wat::parse_str(
        r#"(component
            (import "other:service/thing@1.0.0" (instance (export "do" (func))))
            (core module $m (func (export "f")))
            (core instance $i (instantiate $m))
            (func (export "run") (canon lift (core func $i "f"))))"#,
    )
    .unwrap();
    let error = load_bytes(bytes).await.unwrap_err();
    assert!(
        matches!(&error, Error::UnknownImport { name } if name == "other:service/thing@1.0.0"),
        "{error}"
    );
}

#[tokio::test]
async fn documentation_becomes_descriptions() {
    let mut bytes = colliding();
    let docs = r#"{"worlds": {"w": {"func_exports": {"other": {"docs": "Gives seven.\n"}}}}}"#;
    let mut section = vec![12];
    section.extend(b"package-docs");
    section.push(1);
    section.extend(docs.as_bytes());
    bytes.push(0);
    assert!(section.len() < 128, "one byte of LEB128");
    bytes.push(section.len() as u8);
    bytes.extend(section);
    let plugin = load_bytes(bytes).await.unwrap();
    assert_eq!(plugin.tool("other").unwrap().description, "Gives seven.");
}

#[tokio::test]
async fn the_tools_are_the_same_from_the_cache_and_when_linked_late() {
    let folder = tempfile::tempdir().unwrap();
    let host = builder()
        .cache_dir(folder.path().join("cache"))
        .build()
        .unwrap();
    let first = load(&host, WELL_PLAIN).await;
    let lazy = LoadOptions {
        lazy: true,
        limits: LimitOverrides::default(),
        ..LoadOptions::default()
    };
    let second = host.load_with(WELL_PLAIN, lazy).await.unwrap();
    assert!(second.from_cache());
    assert_eq!(first.definitions(), second.definitions());
    assert_eq!(
        ask(&second, "greet", json!({"name": "x"})).await["result"],
        "Hello, x!"
    );
}
