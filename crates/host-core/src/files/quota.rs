//! What a plugin may write to files between two loads of it, whichever way and in however many instances.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::PluginLimits;

/// What is left of a plugin's bytes and files.
pub(crate) struct Quota {
    bytes: AtomicU64,
    files: AtomicU64,
}

impl Quota {
    pub(crate) fn new(limits: &PluginLimits) -> Self {
        Self {
            bytes: AtomicU64::new(limits.file_bytes),
            files: AtomicU64::new(limits.files),
        }
    }

    /// Takes bytes that are about to be written; false where so many are not left.
    pub(super) fn take_bytes(&self, bytes: u64) -> bool {
        take(&self.bytes, bytes)
    }

    /// Takes a file or folder that is about to be made; false where none is left.
    pub(super) fn take_file(&self) -> bool {
        take(&self.files, 1)
    }

    /// Gives back a file that was not made after all.
    pub(super) fn give_file(&self) {
        self.files.fetch_add(1, Ordering::Relaxed);
    }
}

fn take(left: &AtomicU64, amount: u64) -> bool {
    let less = |left: u64| left.checked_sub(amount);
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_never_exceeded_and_a_refusal_takes_nothing() {
        let quota = Quota::new(&PluginLimits {
            file_bytes: 10,
            files: 1,
            ..PluginLimits::default()
        });
        assert!(quota.take_bytes(7) && !quota.take_bytes(4) && quota.take_bytes(3));
        assert!(quota.take_file() && !quota.take_file());
        quota.give_file();
        assert!(quota.take_file());
    }
}
