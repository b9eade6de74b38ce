//! Who has which name.

use super::*;

fn names(snapshot: &ToolSnapshot) -> Vec<String> {
    snapshot.names().map(ToString::to_string).collect()
}

fn name(text: &str) -> QualifiedName {
    text.parse().unwrap()
}

#[tokio::test]
async fn native_tools_come_first_and_then_plugins_by_id() {
    let one = Made::default().load().await;
    let other = Made {
        id: "org.alpha",
        ..Made::default()
    }
    .load()
    .await;
    let registry = registry_of([echo(definition("write")), echo(definition("read"))]);
    let snapshot = registry.publish([&one, &other]);
    let expected = [
        "native/write",
        "native/read",
        "org.alpha/marker",
        "org.alpha/spin",
        "org.alpha/count",
        "org.example.one/marker",
        "org.example.one/spin",
        "org.example.one/count",
    ];
    assert_eq!(names(&snapshot), expected);
    assert_eq!(names(&registry.publish([&other, &one])), expected);
    let specs = snapshot.specs();
    let models: Vec<_> = specs.iter().map(|spec| spec.name.as_str()).collect();
    assert_eq!(models[..3], ["write", "read", "org_alpha__marker"]);
    for spec in &specs {
        let entry = snapshot.by_model_name(&spec.name).unwrap();
        let same = snapshot.get(entry.name()).unwrap();
        assert!(Arc::ptr_eq(entry, same));
        assert_eq!(entry.model_name().as_str(), spec.name);
    }
}

#[tokio::test]
async fn a_plugins_tool_can_not_take_a_native_tools_name() {
    let plugin = Made {
        id: "native",
        ..Made::default()
    }
    .load()
    .await;
    let registry = registry_of([echo(definition("marker"))]);
    let snapshot = registry.publish([&plugin]);
    assert_eq!(names(&snapshot), ["native/marker"]);
    assert!(snapshot.by_model_name("marker").unwrap().plugin().is_none());
    let refused: Vec<_> = snapshot
        .refused()
        .iter()
        .map(|refused| &refused.reason)
        .collect();
    let reserved = RefusedReason::Name(NameError::Reserved);
    assert_eq!(refused, [&reserved, &reserved, &reserved]);
}

#[tokio::test]
async fn a_native_tool_that_comes_later_is_not_a_plugins() {
    let plugin = Made {
        id: "read",
        ..Made::default()
    }
    .load()
    .await;
    let registry = ToolRegistry::new();
    registry.publish([&plugin]);
    let posing = registry.add(echo(definition("read__marker"))).unwrap_err();
    assert!(
        matches!(posing, NativeError::Name(NameError::Tool { .. })),
        "{posing}"
    );
    registry.add(echo(definition("marker"))).unwrap();
    let snapshot = registry.snapshot();
    assert!(
        snapshot
            .by_model_name("read__marker")
            .unwrap()
            .plugin()
            .is_some()
    );
    assert!(snapshot.by_model_name("marker").unwrap().plugin().is_none());
}

#[test]
fn a_native_tool_that_is_not_right_changes_nothing() {
    let registry = registry_of([echo(definition("read"))]);
    let before = registry.snapshot();
    let taken = registry.add(echo(destructive("read"))).unwrap_err();
    assert!(matches!(taken, NativeError::Taken { .. }));
    for schema in [
        json!(true),
        json!({}),
        json!({"type": "array"}),
        json!({"type": "object", "properties": 1}),
        json!({"type": "object", "$ref": "https://example.com/schema"}),
    ] {
        let tool = ToolDefinition::new("write", "", schema);
        let error = registry.add(echo(tool)).unwrap_err();
        assert!(matches!(error, NativeError::Schema { .. }), "{error}");
    }
    assert!(registry.add(echo(definition("no name"))).is_err());
    assert!(Arc::ptr_eq(&before, &registry.snapshot()));
}

#[tokio::test]
async fn of_two_plugins_of_one_id_the_one_that_was_there_stays() {
    let one = Made::default().load().await;
    let other = Made {
        mark: "0002",
        ..Made::default()
    }
    .load()
    .await;
    let identity = |snapshot: &ToolSnapshot| {
        let entry = snapshot.get(&name("org.example.one/marker")).unwrap();
        entry.plugin().unwrap().identity()
    };
    for (holder, newcomer) in [(&one, &other), (&other, &one)] {
        let registry = ToolRegistry::new();
        registry.publish([holder]);
        let snapshot = registry.publish([newcomer, holder]);
        assert_eq!(identity(&snapshot), holder.identity());
        assert_eq!(snapshot.entries().len(), 3);
        let refused = &snapshot.refused()[0];
        assert_eq!(
            (refused.tool.as_str(), snapshot.refused().len()),
            ("marker", 3)
        );
        assert!(refused.to_string().contains(&holder.identity().to_string()));
        // Once the holder is gone, the name is free.
        assert_eq!(identity(&registry.publish([newcomer])), newcomer.identity());
    }
    let of_both = |order: [&Plugin; 2]| identity(&ToolRegistry::new().publish(order));
    assert_eq!(of_both([&one, &other]), of_both([&other, &one]));
}

#[tokio::test]
async fn a_tool_that_models_could_not_call_is_refused_and_the_others_stay() {
    let long = format!("org.{}", "x".repeat(54));
    let plugin = Made {
        id: &long,
        ..Made::default()
    }
    .load()
    .await;
    let snapshot = ToolRegistry::new().publish([&plugin]);
    assert_eq!(names(&snapshot), [format!("{long}/spin")]);
    let refused = snapshot.refused();
    assert_eq!([&refused[0].tool, &refused[1].tool], ["marker", "count"]);
    assert!(refused[0].to_string().contains("shorten"), "{}", refused[0]);
}

#[tokio::test]
async fn a_snapshot_stays_as_it_is() {
    let plugin = Made::default().load().await;
    let registry = registry_of([echo(definition("read"))]);
    let before = registry.publish([&plugin]);
    registry.publish([]);
    registry.add(echo(definition("write"))).unwrap();
    assert_eq!(before.entries().len(), 4);
    assert_eq!(names(&registry.snapshot()), ["native/read", "native/write"]);
}

#[test]
fn a_set_of_tools_only_shrinks() {
    let registry = registry_of(["a", "b", "c"].map(|name| echo(definition(name))));
    let snapshot = registry.snapshot();
    let some = snapshot.restrict(&["c", "a", "d"].map(|tool| name(&format!("native/{tool}"))));
    assert_eq!(names(&some), ["native/a", "native/c"]);
    assert!(some.by_model_name("b").is_none());
    assert_eq!(names(&some.restrict(&[name("native/b")])), [""; 0]);
}

#[tokio::test]
async fn what_authors_write_reaches_models_escaped_and_bounded() {
    let plugin = Made {
        description: r"\u{202e}\u{200b}\7fevil/.\0a..",
        ..Made::default()
    };
    let plugin = plugin.load().await;
    let mut long = definition("long");
    long.description = "\u{1b}[2J".repeat(1_000_000);
    long.title = Some("\u{202e}harmless\n".repeat(100));
    let hidden = json!({"type": "object", "description": "\u{e0041}\u{200b}"});
    let registry = registry_of([
        echo(long),
        echo(ToolDefinition::new("hidden", "", hidden.clone())),
    ]);
    let snapshot = registry.publish([&plugin]);
    let specs = snapshot.specs();
    assert!(specs[0].description.len() <= 8 * 1024);
    let title = snapshot.entries()[0].title().unwrap();
    assert!(
        title.starts_with("\\u{202e}harmless\\n") && title.len() < 130,
        "{title}"
    );
    assert_eq!(
        serde_json::from_str::<Value>(&specs[1].input_schema).unwrap(),
        hidden
    );
    assert!(
        specs[2]
            .description
            .starts_with("\\u{202e}\\u{200b}\\u{7f}evil")
    );
    for spec in &specs {
        let all = format!("{}{}{}", spec.name, spec.description, spec.input_schema);
        let deceptive = ['\u{1b}', '\u{7f}', '\u{200b}', '\u{202e}', '\u{e0041}'];
        assert!(!all.contains(deceptive), "{spec:?}");
    }
}

#[test]
fn what_was_meant_is_named_where_it_is_near() {
    let registry = registry_of([echo(definition("read_file"))]);
    let snapshot = registry.snapshot();
    assert_eq!(
        snapshot.nearest("native/read_fiel"),
        Some(&name("native/read_file"))
    );
    assert_eq!(snapshot.nearest("org.example/weather"), None);
    assert_eq!(snapshot.nearest(&"native/read_file".repeat(1_000)), None);
}
