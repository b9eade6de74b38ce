//! The export for plugins that bring roles.

use self::exports::portcullis::role::roles::{Guest, Role};
use super::Plugin;
use crate::rt;

wit_bindgen::generate!({
    world: "portcullis:plugin/role-plugin",
    path: "wit",
    generate_all,
    type_section_suffix: "roles",
});

export!(Plugin);

impl Guest for Plugin {
    fn list_roles() -> Vec<Role> {
        let roles = rt::roles().into_iter();
        roles
            .map(|(name, role)| Role {
                name,
                model: role.model,
                prompt: role.prompt,
                tools: role.tools,
                thinking_level: role.thinking_level,
            })
            .collect()
    }
}
