//! The pages that this instance owes: made, and not sent.
//!
//! A repair that worked isn't found again when Lambda retries the event, so the page that failed is the only
//! word of it. Remembers a bounded number of pages, for the life of the instance; memory across instances is
//! the ledger's, which comes later.

use sealwatch_policy::page::Page;
use std::collections::VecDeque;

/// Some megabytes at most; who owes more has had an outage of SNS for longer than Lambda retries.
const KEPT: usize = 64;

/// Pages by the id of their event, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Unsent {
    pages: VecDeque<(String, Page)>,
}

impl Unsent {
    /// What is owed for an event, oldest first.
    pub(crate) fn of(&self, event: &str) -> Vec<Page> {
        self.pages.iter().filter(|(of, _)| of == event).map(|(_, page)| page.clone()).collect()
    }

    /// Keeps a page in place of one that said the same.
    pub(crate) fn keep(&mut self, event: &str, page: &Page) {
        match self.pages.iter_mut().find(|(of, kept)| of == event && kept.title == page.title) {
            Some((_, kept)) => *kept = page.clone(),
            None => self.pages.push_back((event.to_owned(), page.clone())),
        }
        while self.pages.len() > KEPT {
            if let Some((event, page)) = self.pages.pop_front() {
                tracing::error!(event, page = page.title, "a page that could not be sent is given up");
            }
        }
    }

    /// The page isn't owed any longer.
    pub(crate) fn settle(&mut self, event: &str, page: &Page) {
        self.pages.retain(|(of, kept)| of != event || kept.title != page.title);
    }
}
