//! What this instance has met already, of one kind: events, pages, repairs.
//!
//! EventBridge may deliver an event twice and Lambda retries one that failed. Remembers a bounded number
//! of each kind, for the life of the instance; memory across instances is the ledger's, which comes later.

use std::collections::{BTreeSet, VecDeque};

/// More than an instance sees between two events and their copies.
const REMEMBERED: usize = 2_048;

/// Texts of one kind, oldest forgotten first.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    known: BTreeSet<String>,
    order: VecDeque<String>,
}

impl Seen {
    pub(crate) fn has(&self, item: &str) -> bool {
        self.known.contains(item)
    }

    pub(crate) fn remember(&mut self, item: String) {
        if !self.known.insert(item.clone()) {
            return;
        }
        self.order.push_back(item);
        while self.order.len() > REMEMBERED {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_first() {
        let mut seen = Seen::default();
        for number in 0..=REMEMBERED {
            seen.remember(number.to_string());
        }
        assert!(!seen.has("0"));
        assert!(seen.has("1"));
        assert_eq!(seen.known.len(), seen.order.len());
    }
}
