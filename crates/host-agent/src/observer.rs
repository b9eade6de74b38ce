//! The observer bridge: what an agent tells its observers becomes events of hooks.
