//! Hooks, providers and roles.

use portcullis_contract::chat::ProviderDefinition;
use portcullis_contract::hook::{Mode, POINTS, Point};
use portcullis_host_policy::nearest;

use super::{
    HookDefinition, Listed, NAME_REMEDY, RoleDefinition, is_name, optional, within, wrong,
};
use crate::bindings::v0_1::exports::portcullis::role::roles as role;
use crate::bindings::v0_1::portcullis::chat::chat_types as chat;
use crate::bindings::v0_1::portcullis::hook::hook_types as hook;
use crate::{Error, LoadLimits};

/// The kinds, as errors name them.
const HOOK: &str = "hook";
const PROVIDER: &str = "provider";
const ROLE: &str = "role";

/// Bytes of what a plugin says of these, for the limit of a load.
pub(super) fn size(listed: &Listed) -> u64 {
    let hooks = listed.hooks.iter();
    let hooks = hooks.map(|hook| hook.point.len() + hook.name.len() + hook.phase.len());
    let providers = listed.providers.iter().map(|provider| {
        let texts = provider.name.len() + provider.description.len();
        texts + optional(&provider.title) + optional(&provider.extra)
    });
    let roles = listed.roles.iter().map(|role| {
        let tools: usize = role.tools.iter().map(String::len).sum();
        let texts = role.name.len() + role.model.len() + role.prompt.len();
        texts + tools + optional(&role.thinking_level)
    });
    hooks.chain(providers).chain(roles).sum::<usize>() as u64
}

/// Checks the handlers of a plugin.
pub(super) fn hooks(
    hooks: Vec<hook::Subscription>,
    limits: &LoadLimits,
) -> Result<Vec<HookDefinition>, Error> {
    names(HOOK, "hooks", limits, hooks.iter().map(|hook| &*hook.name))?;
    hooks.into_iter().map(hook_definition).collect()
}

fn hook_definition(hook: hook::Subscription) -> Result<HookDefinition, Error> {
    let Some(point) = Point::named(&hook.point) else {
        return Err(unknown_point(&hook));
    };
    let mode = match hook.mode {
        hook::Mode::Observe => Mode::Observe,
        hook::Mode::Modify => Mode::Modify,
        hook::Mode::Gate => Mode::Gate,
    };
    if !point.takes(mode) {
        let problem = format!(
            "nothing can be done by a handler with the mode {mode} at {}",
            point.name
        );
        return Err(wrong(HOOK, &hook.name, &problem, "choose another mode"));
    }
    let phase = hook.phase.parse().map_err(|_| {
        let problem = format!("{:?} is no phase", hook.phase);
        let remedy = "choose validation, authorization, policy or telemetry";
        wrong(HOOK, &hook.name, &problem, remedy)
    })?;
    Ok(HookDefinition {
        name: hook.name,
        point: hook.point,
        mode,
        phase,
        priority: hook.priority,
    })
}

fn unknown_point(hook: &hook::Subscription) -> Error {
    let names = POINTS.iter().map(|point| point.name);
    let near = nearest(&hook.point, names).map(|near| format!("; did you mean {near:?}?"));
    let problem = format!(
        "this host has no point {:?}{}",
        hook.point,
        near.unwrap_or_default()
    );
    wrong(
        HOOK,
        &hook.name,
        &problem,
        "subscribe to a point that there is",
    )
}

/// Checks the providers of a plugin.
pub(super) fn providers(
    providers: Vec<chat::ProviderDefinition>,
    limits: &LoadLimits,
) -> Result<Vec<ProviderDefinition>, Error> {
    let found = providers.iter().map(|provider| &*provider.name);
    names(PROVIDER, "providers", limits, found)?;
    Ok(providers
        .into_iter()
        .map(ProviderDefinition::from)
        .collect())
}

/// Checks the roles of a plugin. Whether model and tools are there is the agent's to know.
pub(super) fn roles(
    roles: Vec<role::Role>,
    limits: &LoadLimits,
) -> Result<Vec<RoleDefinition>, Error> {
    names(ROLE, "roles", limits, roles.iter().map(|role| &*role.name))?;
    let checked = roles.into_iter().map(|role| RoleDefinition {
        name: role.name,
        model: role.model,
        prompt: role.prompt,
        tools: role.tools,
        thinking_level: role.thinking_level,
    });
    Ok(checked.collect())
}

/// Checks that there are not too many, and that each has a name of its own.
fn names<'a>(
    kind: &'static str,
    limit: &'static str,
    limits: &LoadLimits,
    names: impl Iterator<Item = &'a str>,
) -> Result<(), Error> {
    let mut seen: Vec<&str> = Vec::new();
    for name in names {
        if !is_name(name) {
            return Err(wrong(kind, name, "this is no name", NAME_REMEDY));
        }
        if seen.contains(&name) {
            let problem = "there are two of this name";
            return Err(wrong(kind, name, problem, "give each a name of its own"));
        }
        seen.push(name);
        within(limit, limits.tools.into(), seen.len() as u64)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscription(point: &str, mode: hook::Mode, phase: &str) -> hook::Subscription {
        hook::Subscription {
            point: point.into(),
            name: "watch".into(),
            mode,
            phase: phase.into(),
            priority: 0,
        }
    }

    fn problem(hooks_of: Vec<hook::Subscription>) -> String {
        hooks(hooks_of, &LoadLimits::default())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn a_point_that_there_is_not_is_told_with_the_nearest() {
        let wrong = subscription("before-tool-cal", hook::Mode::Gate, "policy");
        assert!(problem(vec![wrong]).contains("did you mean \"before-tool-call\""));
    }

    #[test]
    fn a_mode_that_does_nothing_at_its_point_is_refused() {
        let watching = subscription("message-sent", hook::Mode::Observe, "telemetry");
        assert!(hooks(vec![watching], &LoadLimits::default()).is_ok());
        for mode in [hook::Mode::Modify, hook::Mode::Gate] {
            let wrong = subscription("message-sent", mode, "telemetry");
            assert!(problem(vec![wrong]).contains("message-sent"));
        }
    }

    #[test]
    fn phases_and_names_are_checked() {
        let gate = |phase| subscription("before-tool-call", hook::Mode::Gate, phase);
        assert!(problem(vec![gate("first")]).contains("no phase"));
        assert!(problem(vec![gate("policy"), gate("policy")]).contains("two of this name"));
        let nameless = hook::Subscription {
            name: "Watch".into(),
            ..gate("policy")
        };
        assert!(problem(vec![nameless]).contains("no name"));
    }
}
