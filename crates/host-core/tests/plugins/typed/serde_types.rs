//! Their functions with serde types.

use std::collections::BTreeMap;

use portcullis_host_core::{Error, ErrorKind};
use portcullis_test_artifacts::{WELL_PLAIN, WELL_TOOLS};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::support::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Point {
    x: i32,
    y: i32,
    label: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Shape {
    Circle(f64),
    Polygon(Vec<Point>),
    Nothing,
}

fn point() -> Point {
    Point {
        x: 1,
        y: 2,
        label: Some("p".into()),
    }
}

on_both_runtimes! {
    async fn records_and_variants_are_structs_and_enums() {
        let plugin = load(&host(), WELL_PLAIN).await;
        let moved: Point = plugin.call_typed("shapes/move", (point(), (1, 1))).await.unwrap();
        assert_eq!(moved, Point { x: 2, y: 3, ..point() });
        for shape in [Shape::Circle(0.5), Shape::Polygon(vec![point()]), Shape::Nothing] {
            let same: Shape = plugin.call_typed("plain:types/shapes@1.2.0/same", (shape.clone(),)).await.unwrap();
            assert_eq!(same, shape);
        }
    }
}

#[tokio::test]
async fn arguments_go_by_place_or_by_name_and_json_is_a_type_too() {
    let plugin = load(&host(), WELL_PLAIN).await;
    #[derive(Serialize)]
    struct Named {
        first: &'static str,
        second: Option<&'static str>,
    }
    let path = "plain:types/values/optional";
    let by_place: String = plugin.call_typed(path, ("a",)).await.unwrap();
    let by_name: String = plugin
        .call_typed(
            path,
            Named {
                first: "a",
                second: Some("b"),
            },
        )
        .await
        .unwrap();
    let as_json: Value = plugin
        .call_typed(path, json!({"first": "c"}))
        .await
        .unwrap();
    assert_eq!(
        (by_place.as_str(), by_name.as_str(), as_json),
        ("a", "b", json!("c"))
    );
}

#[tokio::test]
async fn numbers_results_and_bytes_keep_what_they_are() {
    let plugin = load(&host(), WELL_PLAIN).await;
    type Numbers = (u64, i64, f32, f64, i8, char);
    let numbers: Numbers = (u64::MAX, i64::MIN, f32::MIN, f64::INFINITY, -1, 'ß');
    let back: Numbers = plugin.call_typed("values/numbers", numbers).await.unwrap();
    assert_eq!(back, numbers);
    let nested = vec![Ok(Some(1_u8)), Ok(None), Err("no".to_owned())];
    let back: Vec<Result<Option<u8>, String>> = plugin
        .call_typed("values/nested", (nested.clone(),))
        .await
        .unwrap();
    assert_eq!(back, nested);
    let back: Vec<u8> = plugin
        .call_typed("values/reverse", (vec![1_u8, 2, 3],))
        .await
        .unwrap();
    assert_eq!(back, [3, 2, 1]);
    for value in [None, Some(None), Some(Some(3_u32))] {
        let back: Option<Option<u32>> = plugin.call_typed("values/maybe", (value,)).await.unwrap();
        assert_eq!(back, value);
    }
}

#[tokio::test]
async fn the_good_end_is_the_result_and_the_bad_one_the_error() {
    let plugin = load(&host(), WELL_PLAIN).await;
    let area: f64 = plugin
        .call_typed("shapes/area", (Shape::Circle(1.0),))
        .await
        .unwrap();
    assert_eq!(area, 3.0);
    plugin
        .call_typed::<_, ()>("shapes/check", (true,))
        .await
        .unwrap();
    let error = plugin
        .call_typed::<_, f64>("shapes/area", (Shape::Nothing,))
        .await
        .unwrap_err();
    let Error::Tool(error) = error else {
        panic!("{error:?}")
    };
    assert_eq!(error.details, Some(json!({"tag": "busy"})));
}

#[tokio::test]
async fn a_type_that_differs_is_told_with_its_place_before_the_guest_is_entered() {
    let plugin = load(&host(), WELL_PLAIN).await;
    #[derive(Serialize)]
    struct Flat {
        x: i32,
        z: i32,
    }
    let error = plugin
        .call_typed::<_, Point>("shapes/move", (Flat { x: 1, z: 2 }, (1, 1)))
        .await
        .unwrap_err();
    let Error::InvalidArguments { mistakes, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(mistakes[0].pointer, "/0/z", "{error}");

    #[derive(Debug, Deserialize)]
    struct Labelled {
        #[allow(dead_code)]
        label: BTreeMap<String, String>,
    }
    let error = plugin
        .call_typed::<_, Labelled>("shapes/move", (point(), (1, 1)))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("/label: "), "{error}");

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Fewer {
        Circle(#[allow(dead_code)] f64),
        Nothing,
    }
    let error = plugin
        .call_typed::<_, Fewer>("shapes/same", (Shape::Nothing,))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("\"polygon\""), "{error}");
    let error = plugin
        .call_typed::<_, u32>("greet", ("x",))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("greet"), "{error}");
}

#[tokio::test]
async fn what_is_not_there_and_what_is_called_otherwise_is_told() {
    let plugin = load(&host(), WELL_PLAIN).await;
    let error = plugin.call_typed::<_, ()>("greeet", ()).await.unwrap_err();
    assert!(
        matches!(&error, Error::UnknownTool { nearest: Some(near), .. } if near == "greet"),
        "{error}"
    );
    let error = plugin
        .call_typed::<_, ()>("words", ("a",))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("call_streaming"), "{error}");
    let tools = load(&host(), WELL_TOOLS).await;
    let error = tools.call_typed::<_, ()>("greet", ()).await.unwrap_err();
    assert!(error.to_string().contains("call its tools"), "{error}");
}
