use super::*;
use crate::action::Refusal;

fn definition(plugin: &str, name: &str, tools: &[&str]) -> RoleDefinition {
    RoleDefinition {
        plugin: plugin.parse().unwrap(),
        name: name.to_owned(),
        model: "large".to_owned(),
        prompt: "You design.".to_owned(),
        tools: tools.iter().map(|tool| (*tool).to_owned()).collect(),
        thinking_level: Some("high".to_owned()),
    }
}

fn roles(definitions: impl IntoIterator<Item = RoleDefinition>) -> Roles {
    let (roles, refused) = Roles::new(definitions);
    assert_eq!(refused, []);
    roles
}

fn refused(definition: RoleDefinition) -> Vec<RoleFault> {
    let (roles, mut refused) = Roles::new([definition]);
    assert_eq!(roles.iter().count(), 0);
    refused.pop().unwrap().faults
}

fn resolve(roles: &Roles, name: &str, granted: &[&str]) -> Result<Role, RoleError> {
    let tools = ["org.a/draw", "org.b/search", "native/read_file"];
    let tools = tools.map(str::to_owned).into();
    roles
        .resolve(
            name,
            &Available {
                has_model: &|model| model == "large",
                tools: &tools,
                permits: &|plugin, capability| {
                    plugin.as_str() == "org.a" && granted.contains(&capability.to_string().as_str())
                },
            },
        )
        .cloned()
}

#[test]
fn a_role_may_use_its_own_plugins_tools_and_native_ones() {
    let roles = roles([definition(
        "org.a",
        "designer",
        &["org.a/draw", "native/read_file"],
    )]);
    let role = resolve(&roles, "org.a/designer", &[]).unwrap();
    assert_eq!(role.name, "org.a/designer");
    assert_eq!(role.tools, ["org.a/draw", "native/read_file"]);
}

#[test]
fn a_role_may_use_another_plugins_tool_only_with_the_grant_to_call_it() {
    let roles = roles([definition("org.a", "designer", &["org.b/search"])]);
    let error = resolve(&roles, "org.a/designer", &[]).unwrap_err();
    assert!(error.to_string().contains("invoke:org.b/search"), "{error}");
    assert!(resolve(&roles, "org.a/designer", &["invoke:org.b/search"]).is_ok());
}

#[test]
fn all_that_is_in_the_way_is_told_at_once_with_what_may_have_been_meant() {
    let mut designer = definition("org.a", "designer", &["org.a/drew", "org.b/search"]);
    designer.model = "huge".to_owned();
    let error = resolve(&roles([designer]), "org.a/designer", &[]).unwrap_err();
    let RoleError::Unresolved { problems, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(problems.len(), 3);
    assert!(error.to_string().contains("did you mean `org.a/draw`?"));
    assert!(matches!(Refusal::from(error), Refusal::NotAllowed(_)));
}

#[test]
fn what_tools_others_have_is_not_told_to_who_may_not_call_them() {
    let there = roles([definition("org.a", "one", &["org.b/search"])]);
    let absent = roles([definition("org.a", "one", &["org.b/gone"])]);
    for roles in [there, absent] {
        let error = resolve(&roles, "org.a/one", &[]).unwrap_err();
        let RoleError::Unresolved { problems, .. } = error else {
            panic!("{error}");
        };
        assert!(matches!(problems[..], [RoleProblem::NotGranted { .. }]));
    }
    let absent = roles([definition("org.a", "one", &["org.b/serch"])]);
    let error = resolve(&absent, "org.a/one", &["invoke:org.b/serch"]).unwrap_err();
    assert!(!error.to_string().contains("org.b/search"), "{error}");
    let both = ["invoke:org.b/serch", "invoke:org.b/search"];
    let error = resolve(&absent, "org.a/one", &both).unwrap_err();
    assert!(error.to_string().contains("did you mean `org.b/search`?"));
}

#[test]
fn a_role_that_is_not_there_is_told_with_the_nearest() {
    let roles = roles([definition("org.a", "designer", &[])]);
    let error = resolve(&roles, "org.a/desinger", &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no role \"org.a/desinger\"; did you mean `org.a/designer`?"
    );
    assert!(matches!(
        Refusal::from(error),
        Refusal::Unknown { what: "role", .. }
    ));
}

#[test]
fn the_first_of_two_with_one_name_stays_and_others_are_left_alone() {
    let mut second = definition("org.a", "designer", &[]);
    second.model = "other".to_owned();
    let (roles, refused) = Roles::new([
        definition("org.a", "designer", &[]),
        second,
        definition("org.b", "designer", &[]),
    ]);
    assert_eq!(roles.get("org.a/designer").unwrap().model, "large");
    assert!(roles.get("org.b/designer").is_some());
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].faults, [RoleFault::Taken]);
}

#[test]
fn what_is_no_role_is_refused_with_all_its_faults() {
    let mut role = definition("org.a", "De signer", &["draw", "org.a/draw", "org.a/draw"]);
    role.model = String::new();
    role.prompt = "x".repeat(64 * 1024 + 1);
    role.thinking_level = Some("hi\u{202e}gh".to_owned());
    assert_eq!(refused(role).len(), 6);

    for name in ["", "-a", "a/b", "A", &"a".repeat(65), "\u{202e}"] {
        let faults = refused(definition("org.a", name, &[]));
        assert_eq!(faults, [RoleFault::Name], "{name}");
    }
    for tool in ["", "/", "a/", "/b", "a/b/c", "a/b*", "a b/c", "A/b"] {
        let faults = refused(definition("org.a", "one", &[tool]));
        assert!(matches!(faults[..], [RoleFault::Tool { .. }]), "{tool}");
    }
    let many = vec!["org.a/draw"; 129];
    let faults = refused(definition("org.a", "one", &many));
    assert!(matches!(faults[..], [RoleFault::Tools { count: 129, .. }]));
}

#[test]
fn a_plugin_brings_no_more_than_so_many_and_takes_nobody_elses_room() {
    let many = (0..=MAX_ROLES).map(|i| definition("org.a", &format!("r{i}"), &[]));
    let (roles, refused) = Roles::new(many.chain([definition("org.b", "one", &[])]));
    assert_eq!(roles.iter().count(), MAX_ROLES + 1);
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].faults, [RoleFault::TooMany]);
}

#[test]
fn people_see_a_prompt_escaped_and_the_model_as_it_is() {
    let mut role = definition("org.a", "one", &[]);
    role.prompt = "a\u{1b}[2Jb\n".to_owned();
    let roles = roles([role]);
    assert_eq!(roles.list()[0].prompt, "a\\u{1b}[2Jb\n");
    let resolved = resolve(&roles, "org.a/one", &[]).unwrap();
    assert_eq!(resolved.prompt, "a\u{1b}[2Jb\n");
}
