//! Uses of keys, thinned out: of each key's uses within an hour the first is kept.
//!
//! An account that encrypts much makes millions of such calls a day, and a replay needs to know when a key was last used,
//! to about the hour, as KMS itself tells it. Which one is kept doesn't hang on the order of reading.

use jiff::Timestamp;
use memchr::memmem::Finder;
use sealwatch_policy::change::Change;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::LazyLock;

static ARN: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"ARN\":\""));
static FAILED: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"error"));

/// The first use of each set of keys in each hour.
#[derive(Default)]
pub struct Uses {
    first: BTreeMap<Vec<u8>, BTreeMap<Vec<u8>, Change>>,
}

/// Up to the hour of a time as CloudTrail writes it.
const HOUR: usize = "2026-11-03T09".len();

impl Uses {
    /// Whether the use that a record tells of adds nothing: the same keys were used earlier within the hour.
    ///
    /// Told by the record's bytes: what they don't plainly show counts as new.
    pub fn has(&self, record: &[u8], time: &[u8]) -> bool {
        let Some(hour) = time.get(..HOUR).filter(|_| time.ends_with(b"Z")) else { return false };
        if FAILED.find(record).is_some() {
            return false;
        }
        let Some(known) = keys_of_bytes(record).and_then(|keys| self.first.get(&keys)?.get(hour)) else {
            return false;
        };
        std::str::from_utf8(time)
            .ok()
            .and_then(|time| time.parse::<Timestamp>().ok())
            .is_some_and(|time| known.time < time)
    }

    /// Takes in a use; how many it leaves over, which is none or one.
    pub fn take(&mut self, mut change: Change) -> usize {
        // Of the request only the key is of interest, and often millions are held.
        let key = change.request_text("keyId").map(|key| ("keyId".to_owned(), Value::from(key)));
        change.request = Value::Object(key.into_iter().collect::<Map<_, _>>());
        change.response = Value::Null;
        let keys = keys_of(&change);
        let hour = change.time.to_string().into_bytes().get(..HOUR).unwrap_or_default().to_vec();
        match self.first.entry(keys).or_default().entry(hour) {
            Entry::Vacant(free) => {
                free.insert(change);
                0
            }
            Entry::Occupied(mut known) => {
                let order = |it: &Change| (it.time, it.event_id.clone());
                if order(&change) < order(known.get()) {
                    known.insert(change);
                }
                1
            }
        }
    }

    /// Takes in what another file came to; how many uses are left over.
    pub fn join(&mut self, others: Self) -> usize {
        others.into_changes().map(|change| self.take(change)).sum()
    }

    /// The uses that are kept.
    pub fn into_changes(self) -> impl Iterator<Item = Change> {
        self.first.into_values().flat_map(BTreeMap::into_values)
    }
}

/// The keys that a record names among its resources, as one text.
fn keys_of_bytes(record: &[u8]) -> Option<Vec<u8>> {
    let mut keys = Vec::new();
    for at in ARN.find_iter(record) {
        let rest = record.get(at + ARN.needle().len()..)?;
        let end = memchr::memchr2(b'"', b'\\', rest)?;
        if rest.get(end) != Some(&b'"') {
            return None;
        }
        keys.extend_from_slice(rest.get(..end)?);
        keys.push(b' ');
    }
    (!keys.is_empty()).then_some(keys)
}

/// The same of a change; by the request where no resource is named.
fn keys_of(change: &Change) -> Vec<u8> {
    let mut keys = Vec::new();
    for arn in &change.resources {
        keys.extend_from_slice(arn.raw().as_bytes());
        keys.push(b' ');
    }
    if keys.is_empty() {
        let place = &change.place;
        let named = change.request_text("keyId").unwrap_or_default();
        keys.extend_from_slice(format!("{} {} {named}", place.account, place.region).as_bytes());
    }
    keys
}
