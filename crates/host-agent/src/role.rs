//! Roles: named sets of model, prompt and tools that an agent can play.
