//! What a plugin asks of its agent. A world of its own: a component imports of it what the plugin uses.

#[cfg(not(feature = "sync"))]
wit_bindgen::generate!({
    world: "portcullis:plugin/asking-plugin",
    path: "wit",
    with: {
        "portcullis:chat/chat-types@0.1.0": portcullis_contract::chat,
        "portcullis:host/host-types@0.1.0": crate::bindings::services::portcullis::host::host_types,
        "portcullis:tool/tool-types@0.1.0": crate::bindings::tool_types,
    },
    generate_all,
    type_section_suffix: "asking",
});

#[cfg(feature = "sync")]
wit_bindgen::generate!({
    world: "portcullis:plugin/sync-asking-plugin",
    path: "wit",
    with: {
        "portcullis:chat/chat-types@0.1.0": portcullis_contract::chat,
        "portcullis:host/host-types@0.1.0": crate::bindings::services::portcullis::host::host_types,
        "portcullis:tool/tool-types@0.1.0": crate::bindings::tool_types,
    },
    generate_all,
    type_section_suffix: "asking",
});
