//! Pure decisions: capability grammar, manifest and limits.
