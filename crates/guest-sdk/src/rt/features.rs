//! Checks that a plugin exports what calls its annotated items.

/// The feature is on.
#[doc(hidden)]
#[macro_export]
macro_rules! __has_feature {
    () => {};
}

/// Says which feature is off.
#[doc(hidden)]
#[macro_export]
macro_rules! __lacks_feature {
    ($attribute:literal, $feature:literal) => {
        ::core::compile_error!(::core::concat!(
            $attribute,
            " needs the feature `",
            $feature,
            "` of portcullis-guest-sdk; write in Cargo.toml: portcullis-guest-sdk = { version = \"…\", features = [\"",
            $feature,
            "\"] }"
        ));
    };
}

#[cfg(not(feature = "hooks"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __lacks_hooks {
    () => {
        $crate::__lacks_feature!("#[plugin_hook]", "hooks");
    };
}

#[cfg(not(feature = "lifecycle"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __lacks_lifecycle {
    () => {
        $crate::__lacks_feature!("#[plugin_start]", "lifecycle");
    };
}

#[cfg(not(feature = "providers"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __lacks_providers {
    () => {
        $crate::__lacks_feature!("#[plugin_provider]", "providers");
    };
}

#[cfg(not(feature = "roles"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __lacks_roles {
    () => {
        $crate::__lacks_feature!("#[plugin_role]", "roles");
    };
}

#[cfg(not(feature = "prompt"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __lacks_prompt {
    () => {
        $crate::__lacks_feature!("#[plugin_prompt]", "prompt");
    };
}

#[cfg(not(feature = "resource"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __lacks_resource {
    () => {
        $crate::__lacks_feature!("#[plugin_resource]", "resource");
    };
}

#[cfg(feature = "hooks")]
pub use crate::__has_feature as needs_hooks;
#[cfg(feature = "lifecycle")]
pub use crate::__has_feature as needs_lifecycle;
#[cfg(feature = "providers")]
pub use crate::__has_feature as needs_providers;
#[cfg(feature = "roles")]
pub use crate::__has_feature as needs_roles;
#[cfg(feature = "prompt")]
pub use crate::__has_feature as needs_prompt;
#[cfg(feature = "resource")]
pub use crate::__has_feature as needs_resource;
#[cfg(not(feature = "hooks"))]
pub use crate::__lacks_hooks as needs_hooks;
#[cfg(not(feature = "lifecycle"))]
pub use crate::__lacks_lifecycle as needs_lifecycle;
#[cfg(not(feature = "prompt"))]
pub use crate::__lacks_prompt as needs_prompt;
#[cfg(not(feature = "providers"))]
pub use crate::__lacks_providers as needs_providers;
#[cfg(not(feature = "resource"))]
pub use crate::__lacks_resource as needs_resource;
#[cfg(not(feature = "roles"))]
pub use crate::__lacks_roles as needs_roles;
