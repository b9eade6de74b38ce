//! One store's memory: counted in total over all its memories and tables, because a limit for each would be no limit.

use wasmtime::{Error, ResourceLimiter, Result};

/// Counts what the store's instances hold and refuses growth beyond the limits.
#[derive(Debug)]
pub(crate) struct Limiter {
    memory_limit: u64,
    memory: u64,
    table_limit: u64,
    table: u64,
    instances: usize,
    memories: usize,
    tables: usize,
    /// Bytes of the growth that was allowed and may still fail.
    pending: u64,
    pending_table: u64,
    refused: bool,
}

impl Limiter {
    pub(crate) fn new(limits: &crate::CallLimits) -> Self {
        Self {
            memory_limit: limits.memory_bytes,
            memory: 0,
            table_limit: limits.table_elements,
            table: 0,
            instances: limits.core_instances as usize,
            memories: limits.memories as usize,
            tables: limits.tables as usize,
            pending: 0,
            pending_table: 0,
            refused: false,
        }
    }

    /// Whether growth was refused since the store was made.
    pub(crate) fn refused(&self) -> bool {
        self.refused
    }

    /// The limit in bytes over all memories.
    pub(crate) fn memory_limit(&self) -> u64 {
        self.memory_limit
    }

    /// Holds a warm instance to the limit of its next call.
    pub(crate) fn set_memory_limit(&mut self, bytes: u64) {
        self.memory_limit = bytes;
    }
}

impl ResourceLimiter for Limiter {
    // A refusal is the guest's `memory.grow` answering -1, not a trap: a guest with a plan for it may go on.
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool> {
        let more = desired.saturating_sub(current) as u64;
        let total = self.memory.saturating_add(more);
        if total > self.memory_limit {
            self.refused = true;
            return Ok(false);
        }
        self.memory = total;
        self.pending = more;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _error: Error) -> Result<()> {
        self.memory -= std::mem::take(&mut self.pending);
        self.refused = true;
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool> {
        let more = desired.saturating_sub(current) as u64;
        let total = self.table.saturating_add(more);
        if total > self.table_limit {
            self.refused = true;
            return Ok(false);
        }
        self.table = total;
        self.pending_table = more;
        Ok(true)
    }

    fn table_grow_failed(&mut self, _error: Error) -> Result<()> {
        self.table -= std::mem::take(&mut self.pending_table);
        self.refused = true;
        Ok(())
    }

    fn instances(&self) -> usize {
        self.instances
    }

    fn tables(&self) -> usize {
        self.tables
    }

    fn memories(&self) -> usize {
        self.memories
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: usize = 64 * 1024;

    fn limiter(pages: u64) -> Limiter {
        let limits = crate::CallLimits {
            memory_bytes: pages * PAGE as u64,
            ..Default::default()
        };
        Limiter::new(&limits)
    }

    #[test]
    fn memories_are_counted_together() {
        let mut limiter = limiter(3);
        assert!(limiter.memory_growing(0, 2 * PAGE, None).unwrap());
        assert!(!limiter.memory_growing(0, 2 * PAGE, None).unwrap());
        assert!(limiter.refused());
        assert!(limiter.memory_growing(0, PAGE, None).unwrap());
    }

    #[test]
    fn failed_growth_is_given_back() {
        let mut limiter = limiter(2);
        assert!(limiter.memory_growing(0, 2 * PAGE, None).unwrap());
        limiter.memory_grow_failed(Error::msg("no memory")).unwrap();
        assert!(limiter.memory_growing(0, 2 * PAGE, None).unwrap());
    }
}
