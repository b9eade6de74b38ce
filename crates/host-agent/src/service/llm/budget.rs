//! How many tokens each plugin may use: each has a vessel that drains evenly and takes nothing more once it is full.

use std::collections::HashMap;
use std::num::NonZeroU64;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use portcullis_host_policy::Identity;
use tokio::time::Instant;

/// In what time a full vessel is empty again: what people mean by "tokens a minute".
const WINDOW: Duration = Duration::from_secs(60);

/// The plugins that are counted for at once: far more than a host has, and an end to what it remembers.
const IDENTITIES: usize = 1024;

/// The fullest that a vessel gets, in budgets: a provider's absurd number shuts a plugin out for minutes, not for ever.
const FULLEST: f64 = 10.0;

/// What every plugin has used of its budget.
pub(super) struct Budgets {
    tokens: f64,
    used: Mutex<HashMap<Identity, Used>>,
}

#[derive(Clone, Copy)]
struct Used {
    tokens: f64,
    at: Instant,
}

impl Budgets {
    /// So many tokens for each.
    pub(super) fn of(tokens: NonZeroU64) -> Self {
        Self {
            tokens: tokens.get() as f64,
            used: Mutex::default(),
        }
    }

    /// Takes tokens in advance. Where something is left of the budget, it may be overdrawn; what follows waits for that.
    ///
    /// # Errors
    /// How long it takes until something is left.
    pub(super) fn take(&self, who: Identity, tokens: u64) -> Result<(), Duration> {
        let now = Instant::now();
        let mut all = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= IDENTITIES && !all.contains_key(&who) {
            all.retain(|_, used| self.left_of(*used, now) > 0.0);
            if all.len() >= IDENTITIES {
                return Err(WINDOW);
            }
        }
        let used = all.entry(who).or_insert(Used {
            tokens: 0.0,
            at: now,
        });
        let before = self.left_of(*used, now);
        if before >= self.tokens {
            let over = before - self.tokens;
            let wait = WINDOW.mul_f64((over + 1.0) / self.tokens);
            return Err(wait);
        }
        *used = self.filled(before + tokens as f64, now);
        Ok(())
    }

    /// Puts right what was taken in advance.
    pub(super) fn settle(&self, who: Identity, taken: u64, used: u64) {
        let now = Instant::now();
        let mut all = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(vessel) = all.get_mut(&who) {
            let before = self.left_of(*vessel, now);
            *vessel = self.filled(before + used as f64 - taken as f64, now);
        }
    }

    /// What has not drained yet.
    fn left_of(&self, used: Used, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(used.at);
        (used.tokens - self.tokens * passed.div_duration_f64(WINDOW)).max(0.0)
    }

    fn filled(&self, tokens: f64, at: Instant) -> Used {
        Used {
            tokens: tokens.clamp(0.0, self.tokens * FULLEST),
            at,
        }
    }
}

#[cfg(test)]
mod tests {
    use portcullis_host_policy::Digest;

    use super::*;

    fn who(number: usize) -> Identity {
        Identity::from(Digest::of(&number.to_be_bytes()))
    }

    fn budgets(tokens: u64) -> Budgets {
        Budgets::of(NonZeroU64::new(tokens).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_used_drains_evenly() {
        let budgets = budgets(60);
        budgets.take(who(0), 90).unwrap();
        let wait = budgets.take(who(0), 1).unwrap_err();
        assert_eq!(wait, Duration::from_secs(31), "30 over, at one a second");
        tokio::time::advance(Duration::from_secs(29)).await;
        budgets.take(who(0), 1).unwrap_err();
        tokio::time::advance(Duration::from_secs(2)).await;
        budgets.take(who(0), 1).unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn one_plugin_uses_nothing_of_anothers() {
        let budgets = budgets(60);
        budgets.take(who(0), 60).unwrap();
        budgets.take(who(0), 1).unwrap_err();
        budgets.take(who(1), 60).unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_taken_in_advance_and_not_used_comes_back() {
        let budgets = budgets(60);
        budgets.take(who(0), 60).unwrap();
        budgets.settle(who(0), 60, 10);
        budgets.take(who(0), 1).unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn an_absurd_number_shuts_a_plugin_out_for_minutes_only() {
        let budgets = budgets(60);
        budgets.take(who(0), 1).unwrap();
        budgets.settle(who(0), 1, u64::MAX);
        let wait = budgets.take(who(0), 1).unwrap_err();
        assert!(wait < WINDOW * 10, "{wait:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_remembered_is_bounded_and_the_idle_are_forgotten() {
        let budgets = budgets(60);
        for number in 0..IDENTITIES {
            budgets.take(who(number), 1).unwrap();
        }
        assert_eq!(budgets.take(who(IDENTITIES), 1), Err(WINDOW));
        tokio::time::advance(Duration::from_secs(2)).await;
        budgets.take(who(IDENTITIES), 1).unwrap();
        assert_eq!(budgets.used.lock().unwrap().len(), 1);
    }
}
