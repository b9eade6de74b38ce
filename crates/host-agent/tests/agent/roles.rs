//! Plugins' roles, held against the tools, models and grants that there are.

use std::collections::BTreeSet;
use std::sync::Arc;

use portcullis_host_agent::core::{Grant, Plugin};
use portcullis_host_agent::extension::ExtensionSnapshot;
use portcullis_host_agent::provider::Scripted;
use portcullis_host_agent::role::{Available, Role, RoleError, RoleProblem};
use portcullis_test_artifacts::{PLUGIN_DESIGNER, PLUGIN_TEXT_TOOLS, WELL_ROLES};

use crate::support::*;

const POSTER: &str = "org.portcullis.designer/poster";
const OUTLINE: &str = "org.portcullis.text-tools/outline";

fn resolve(snapshot: &ExtensionSnapshot, role: &str) -> Result<Role, RoleError> {
    let tools: BTreeSet<_> = snapshot.tools.names().map(ToString::to_string).collect();
    let available = Available {
        has_model: &|model| snapshot.models.has(model),
        tools: &tools,
        permits: &|plugin, capability| snapshot.permits(plugin, capability),
    };
    snapshot.roles.resolve(role, &available).cloned()
}

fn in_the_way(snapshot: &ExtensionSnapshot, role: &str) -> Vec<RoleProblem> {
    match resolve(snapshot, role) {
        Err(RoleError::Unresolved { problems, .. }) => problems,
        other => panic!("{other:?}"),
    }
}

fn stage() -> Stage {
    Stage::with(|own| {
        let models = Arc::new(Scripted::new([]));
        own.provider("main", models).route("demo-*", "main")
    })
}

async fn load(stage: &Stage, plugin: &str, granted: &[&str]) -> Plugin {
    let granted = granted.iter().copied().map(capability);
    stage
        .host
        .load(plugin, Grant::from_caps(granted))
        .await
        .unwrap()
}

#[tokio::test]
async fn a_role_with_tools_of_others_takes_the_grant_for_each_and_each_lack_is_told() {
    let stage = stage();
    let plugin = stage.load(WELL_ROLES, "org.example.roles", &[]).await;
    let snapshot = stage.publish(&[&plugin]);
    let not_granted = |tool: &str| RoleProblem::NotGranted {
        tool: tool.to_owned(),
        plugin: plugin.id().clone(),
    };
    assert_eq!(
        in_the_way(&snapshot, "org.example.roles/designer"),
        [
            RoleProblem::NoModel {
                model: "example-large".to_owned()
            },
            not_granted("org.example.canvas/draw"),
            not_granted("org.example.canvas/erase"),
        ]
    );
}

#[tokio::test]
async fn a_role_with_tools_that_are_not_there_can_not_be_played() {
    let stage = stage();
    let granted = [format!("invoke:{OUTLINE}")];
    let granted: Vec<_> = granted.iter().map(String::as_str).collect();
    let designer = load(&stage, PLUGIN_DESIGNER, &granted).await;
    let snapshot = stage.publish(&[&designer]);
    let missing = RoleProblem::NoTool {
        tool: OUTLINE.to_owned(),
        nearest: None,
    };
    assert_eq!(in_the_way(&snapshot, POSTER), [missing]);
}

#[tokio::test]
async fn a_role_is_played_where_all_is_there_and_granted() {
    let stage = stage();
    let text_tools = load(&stage, PLUGIN_TEXT_TOOLS, &[]).await;
    let ungranted = load(&stage, PLUGIN_DESIGNER, &[]).await;
    let snapshot = stage.publish(&[&ungranted, &text_tools]);
    let [RoleProblem::NotGranted { tool, .. }] = &in_the_way(&snapshot, POSTER)[..] else {
        panic!("{:?}", resolve(&snapshot, POSTER))
    };
    assert_eq!(tool, OUTLINE);
    let granted = load(
        &stage,
        PLUGIN_DESIGNER,
        &["invoke:org.portcullis.text-tools/outline"],
    )
    .await;
    let snapshot = stage.publish(&[&granted, &text_tools]);
    let role = resolve(&snapshot, POSTER).unwrap();
    assert_eq!((role.model.as_str(), role.tools.len()), ("demo-large", 4));
    granted.revoke();
    assert!(
        resolve(&snapshot, POSTER).is_err(),
        "its grants were taken back"
    );
}
