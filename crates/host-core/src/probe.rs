//! Asking a plugin for its definitions: once, with nothing granted, a short deadline, and clocks and random numbers that are no
//! help in telling one host, day or call from another.

use std::sync::Arc;

use tokio::time::{Instant, timeout};

use crate::definition::check;
use crate::environment::{fix_random_numbers, stop_clocks};
use crate::error::Error;
use crate::instance::Template;
use crate::state::{Call, Owner, State};
use crate::{Definitions, Limits};

/// The definitions of a plugin, checked.
///
/// It is asked twice, in two instances that see different random numbers and clocks: what then differs would differ between the
/// person who approved a tool and the model that calls it.
///
/// # Errors
/// [`Error::Probe`] where the guest fails, [`Error::Definition`] and [`Error::LoadLimit`] where its answer can't be used.
pub(crate) async fn definitions(
    template: &Template,
    owner: &Arc<Owner>,
    limits: &Limits,
) -> Result<Definitions, Error> {
    let owner = &Arc::new(owner.without_grants());
    let first = ask(template, owner, limits, 1).await?;
    let second = ask(template, owner, limits, 2).await?;
    if first != second {
        return Err(Error::Definition {
            tool: None,
            problem: "the plugin defines other things each time it is asked".to_owned(),
            remedy: "make list-tools and its like depend on nothing but the component",
        });
    }
    Ok(first)
}

async fn ask(
    template: &Template,
    owner: &Arc<Owner>,
    limits: &Limits,
    seed: u8,
) -> Result<Definitions, Error> {
    let mut call_limits = limits.call.clone();
    call_limits.wall_clock = limits.load.probe_time;
    call_limits.output_bytes = limits.load.definition_bytes;
    // A call's budget is no measure for what every load does; the deadline holds.
    call_limits.fuel = None;
    let deadline = Instant::now() + limits.load.probe_time;
    let state = State::new(
        Arc::clone(owner),
        Call::new("".into(), call_limits, &owner.access, deadline),
        |wasi| {
            stop_clocks(wasi, seed);
            fix_random_numbers(wasi, seed);
        },
    );
    let listed = timeout(limits.load.probe_time, async {
        template.instantiate(state).await?.list().await
    });
    let after = limits.load.probe_time;
    let listed = listed
        .await
        .unwrap_or(Err(Error::DeadlineExceeded { after }));
    check(
        listed.map_err(|source| Error::Probe {
            source: Box::new(source),
        })?,
        &limits.load,
    )
}
