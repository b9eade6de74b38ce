//! Roles.

use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::testing::roles;

#[plugin_role]
fn designer() -> Role {
    Role::new("large", "You design.")
        .tools(["a/draw", "b/erase"])
        .thinking_level("high")
}

#[plugin_role(name = "plain-talker")]
fn talker() -> Role {
    Role::new("small", "You talk.")
}

#[test]
fn roles_are_called_like_their_functions_or_as_they_say() {
    let roles = roles();
    let names: Vec<_> = roles.keys().map(String::as_str).collect();
    assert_eq!(names, ["designer", "plain-talker"]);
    assert_eq!(roles["designer"].tools, ["a/draw", "b/erase"]);
    assert_eq!(roles["designer"].thinking_level.as_deref(), Some("high"));
    assert_eq!(roles["plain-talker"], talker());
}
