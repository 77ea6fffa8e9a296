//! When hosts may be asked again: requests of all sources to one host keep a distance.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Hosts that are remembered before those that are free again are forgotten.
const MANY: usize = 1_000;

/// Beyond it sources would wait for each other for hours.
const LONGEST_SPACING: Duration = Duration::from_secs(60);

/// The spacing of requests, shared by the pollers of a city.
#[derive(Debug)]
pub struct Hosts {
    spacing: Duration,
    free_at: Mutex<HashMap<String, Instant>>,
}

impl Default for Hosts {
    /// A fifth of a second.
    fn default() -> Self {
        Self::new(Duration::from_millis(200))
    }
}

impl Hosts {
    /// With at least `spacing` from one request to a host to the next; a minute at most.
    pub fn new(spacing: Duration) -> Self {
        Self { spacing: spacing.min(LONGEST_SPACING), free_at: Mutex::default() }
    }

    /// When a request to this host may go out. Another that asks is told a later time.
    pub(super) fn turn(&self, host: &str) -> Instant {
        let now = Instant::now();
        let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        if free_at.len() >= MANY {
            free_at.retain(|_, at| *at > now);
        }
        let turn = free_at.get(host).map_or(now, |at| now.max(*at));
        free_at.insert(host.to_owned(), turn + self.spacing);
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_to_one_host_keep_their_distance_and_others_do_not_wait() {
        let hosts = Hosts::new(Duration::from_secs(2));
        let first = hosts.turn("a.example");
        assert_eq!(hosts.turn("a.example") - first, Duration::from_secs(2));
        assert_eq!(hosts.turn("a.example") - first, Duration::from_secs(4));
        assert!(hosts.turn("b.example") - first < Duration::from_secs(2));
    }

    #[test]
    fn free_hosts_are_forgotten() {
        let hosts = Hosts::new(Duration::ZERO);
        for n in 0..10_000 {
            hosts.turn(&n.to_string());
        }
        assert!(hosts.free_at.lock().unwrap().len() <= MANY);
    }
}
