//! Where a plugin's resources are: what can be asked of it, and what it may say has changed.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use portcullis_contract::uri::{UriTemplate, address};
use portcullis_host_policy::nearest;

use crate::Definitions;

/// Changed resources that a plugin may tell of in a second, over all its calls. Whoever follows one reads it again each time, and
/// does not need to know of more.
const CHANGES_PER_SECOND: NonZeroU32 = NonZeroU32::new(16).unwrap();

/// The same at once, after a while without any: a call that changes a handful of things says so.
const CHANGES_AT_ONCE: NonZeroU32 = NonZeroU32::new(64).unwrap();

/// The addresses of one load of a plugin.
pub(crate) struct Addresses {
    /// The names of resources, by address.
    resources: HashMap<String, String>,
    /// The names of templates, the narrowest first.
    templates: Vec<(UriTemplate, String)>,
    changes: DefaultDirectRateLimiter,
}

impl Addresses {
    /// Those of these definitions, which were checked; none where there is nothing to read.
    pub(crate) fn of(definitions: &Definitions) -> Option<Arc<Self>> {
        let (resources, templates) = (&definitions.resources, &definitions.resource_templates);
        if resources.is_empty() && templates.is_empty() {
            return None;
        }
        let resources = resources.iter();
        let resources = resources.map(|one| (one.uri.clone(), one.name.clone()));
        let templates = templates.iter();
        let mut templates: Vec<_> = templates
            .filter_map(|one| {
                Some((
                    UriTemplate::parse(&one.uri_template).ok()?,
                    one.name.clone(),
                ))
            })
            .collect();
        templates.sort_by_key(|(template, _)| std::cmp::Reverse(template.literal_bytes()));
        let quota = Quota::per_second(CHANGES_PER_SECOND).allow_burst(CHANGES_AT_ONCE);
        Some(Arc::new(Self {
            resources: resources.collect(),
            templates,
            changes: RateLimiter::direct(quota),
        }))
    }

    /// The name of the resource at an address, or else of the template that it matches.
    pub(crate) fn name(&self, uri: &str) -> Option<&str> {
        if let Some(name) = self.resources.get(uri) {
            return Some(name);
        }
        address(uri).ok()?;
        let mut templates = self.templates.iter();
        let found = templates.find(|(template, _)| template.matches(uri).is_some());
        found.map(|(_, name)| name.as_str())
    }

    /// The address that may have been meant.
    pub(crate) fn nearest(&self, uri: &str) -> Option<&str> {
        nearest(uri, self.resources.keys().map(String::as_str))
    }

    /// Whether the plugin may tell of a change at this address now.
    pub(crate) fn may_tell(&self, uri: &str) -> bool {
        self.name(uri).is_some() && self.changes.check().is_ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn addresses(resources: &[&str], templates: &[&str]) -> Arc<Addresses> {
        let resources: Vec<_> = resources
            .iter()
            .map(|uri| json!({"uri": uri, "name": uri}))
            .collect();
        let templates: Vec<_> = templates
            .iter()
            .map(|text| json!({"uriTemplate": text, "name": text}))
            .collect();
        let brings = json!({"tools": [], "resources": resources, "resource_templates": templates});
        let definitions = serde_json::from_value(brings).unwrap();
        Addresses::of(&definitions).unwrap()
    }

    #[test]
    fn a_resource_comes_before_a_template_and_a_narrow_template_before_a_wide_one() {
        let known = addresses(
            &["notes://today"],
            &[
                "notes://{day}",
                "notes://{day}/{hour}",
                "notes://mon-{week}",
            ],
        );
        for (uri, name) in [
            ("notes://today", Some("notes://today")),
            ("notes://tue", Some("notes://{day}")),
            ("notes://mon-7", Some("notes://mon-{week}")),
            ("notes://tue/9", Some("notes://{day}/{hour}")),
            ("notes://tue/9/x", None),
            ("notes://t ue", None),
            ("other://today", None),
        ] {
            assert_eq!(known.name(uri), name, "{uri}");
        }
        assert_eq!(known.nearest("notes://todya"), Some("notes://today"));
    }

    #[test]
    fn a_plugin_tells_of_its_own_and_not_without_end() {
        let known = addresses(&["notes://today"], &[]);
        assert!(!known.may_tell("notes://tomorrow"));
        let told = (0..10_000).filter(|_| known.may_tell("notes://today"));
        assert!((64..1_000).contains(&told.count()));
    }

    #[test]
    fn a_plugin_without_resources_keeps_nothing() {
        assert!(Addresses::of(&Definitions::default()).is_none());
    }
}
