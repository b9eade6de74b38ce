//! What the host keeps for a plugin. A world of its own: a component imports of it what the plugin uses.

#[cfg(not(feature = "sync"))]
wit_bindgen::generate!({
    world: "portcullis:plugin/keeping-plugin",
    path: "wit",
    generate_all,
    type_section_suffix: "keeping",
});

#[cfg(feature = "sync")]
wit_bindgen::generate!({
    world: "portcullis:plugin/sync-keeping-plugin",
    path: "wit",
    generate_all,
    type_section_suffix: "keeping",
});
