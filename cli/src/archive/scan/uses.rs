//! Uses of keys, thinned out: of each key's uses within an hour the first is kept.
//!
//! An account that encrypts much makes millions of such calls a day, and a replay needs to know when a key was last used,
//! to about the hour, as KMS itself tells it. Which one is kept doesn't hang on the order of reading.

use jiff::Timestamp;
use memchr::memmem::{Finder, FinderRev};
use sealwatch_policy::change::{Actor, Change};
use sealwatch_world::timeline;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::LazyLock;

static RESOURCES: LazyLock<FinderRev<'static>> = LazyLock::new(|| FinderRev::new(b"\"resources\":["));
static ARN: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"ARN\":\""));
/// As some services write it.
static SMALL_ARN: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"arn\":\""));
static FAILED: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"error"));

/// The first use of each set of keys in each hour.
#[derive(Default)]
pub struct Uses {
    first: HashMap<Vec<u8>, Hours>,
}

/// The first use in each hour, in no order.
type Hours = HashMap<Hour, Box<Change>>;

/// A time as CloudTrail writes it, up to its hour.
type Hour = [u8; "2026-11-03T09".len()];

/// A use, as far as a record's bytes plainly show it.
pub struct Plain<'a> {
    keys: Cow<'a, [u8]>,
    hour: Hour,
    /// Of the hour.
    second: i64,
}

impl<'a> Plain<'a> {
    /// `None` if the call failed, or its keys and time aren't plain to see.
    pub fn of(record: &'a [u8], time: &[u8]) -> Option<Self> {
        let (hour, second) = time.split_first_chunk()?;
        let second = second_of(second)?;
        if FAILED.find(record).is_some() {
            return None;
        }
        Some(Self { keys: keys_of_bytes(record)?, hour: *hour, second })
    }
}

/// The second of an hour, by what stands behind it in a time: `:59:59Z`.
fn second_of(behind_hour: &[u8]) -> Option<i64> {
    let [b':', minutes @ .., b'Z'] = behind_hour else { return None };
    let [ten_minutes, minute, b':', ten_seconds, second] = minutes else { return None };
    let digit = |byte: &u8, limit: u8| byte.checked_sub(b'0').filter(|it| *it < limit).map(i64::from);
    let minutes = 10 * digit(ten_minutes, 6)? + digit(minute, 10)?;
    Some(60 * minutes + 10 * digit(ten_seconds, 6)? + digit(second, 10)?)
}

impl Uses {
    /// Whether a use adds nothing: the same keys were used earlier within the hour.
    pub fn has(&self, used: &Plain<'_>) -> bool {
        let known = self.first.get(used.keys.as_ref()).and_then(|hours| hours.get(&used.hour));
        known.is_some_and(|known| known.time.as_second().rem_euclid(3_600) < used.second)
    }

    /// Takes in a use; how many it leaves over, which is none or one.
    pub fn take(&mut self, mut change: Box<Change>) -> usize {
        // Of a use only the key and the time are of interest, and often very many are held.
        let key = change.request_text("keyId").map(|key| ("keyId".to_owned(), Value::from(key)));
        change.request = Value::Object(key.into_iter().collect::<Map<_, _>>());
        change.response = Value::Null;
        (change.actor, change.source_ip, change.user_agent) = (Actor::default(), None, None);
        let hour = hour_of(change.time);
        keep(self.first.entry(keys_of(&change)).or_default(), hour, change)
    }

    /// Takes in what another file came to; how many uses are left over.
    pub fn join(&mut self, others: Self) -> usize {
        let mut left_over = 0;
        for (keys, others) in others.first {
            match self.first.entry(keys) {
                Entry::Vacant(free) => {
                    free.insert(others);
                }
                Entry::Occupied(mut known) => {
                    let keep = |(hour, change)| keep(known.get_mut(), hour, change);
                    left_over += others.into_iter().map(keep).sum::<usize>();
                }
            }
        }
        left_over
    }

    /// The uses that are kept, in no order.
    pub fn into_changes(self) -> impl Iterator<Item = Box<Change>> {
        self.first.into_values().flat_map(HashMap::into_values)
    }
}

/// Keeps the earlier of two uses; of two at one time the one with the lesser id. Which came first doesn't matter.
fn keep(hours: &mut Hours, hour: Hour, change: Box<Change>) -> usize {
    match hours.entry(hour) {
        Entry::Vacant(free) => {
            free.insert(change);
            0
        }
        Entry::Occupied(mut known) => {
            let other = known.get();
            let by_id = || change.event_id.cmp(&other.event_id);
            let by_time = change.time.cmp(&other.time).then_with(by_id);
            if by_time.then_with(|| timeline::among_copies(&change, other)).is_lt() {
                known.insert(change);
            }
            1
        }
    }
}

fn hour_of(time: Timestamp) -> Hour {
    time.to_string().as_bytes().first_chunk().copied().unwrap_or_default()
}

/// The keys that a record names among its resources, as one text. What stands before them may be a caller's, such as the encryption
/// context of a use.
fn keys_of_bytes(record: &[u8]) -> Option<Cow<'_, [u8]>> {
    let at = RESOURCES.rfind(record)?;
    if at.checked_sub(1).and_then(|before| record.get(before)) == Some(&b'\\') {
        return None;
    }
    let record = record.get(at..)?;
    if SMALL_ARN.find(record).is_some() {
        return None;
    }
    let mut keys: Option<Cow<'_, [u8]>> = None;
    for at in ARN.find_iter(record) {
        let rest = record.get(at + ARN.needle().len()..)?;
        let end = memchr::memchr2(b'"', b'\\', rest)?;
        if rest.get(end) != Some(&b'"') {
            return None;
        }
        let key = rest.get(..end)?;
        keys = Some(match keys {
            None => Cow::Borrowed(key),
            Some(before) => Cow::Owned([before.as_ref(), key].join(&b' ')),
        });
    }
    keys
}

/// The same of a change; by the request where no resource is named.
fn keys_of(change: &Change) -> Vec<u8> {
    let arns: Vec<&str> = change.resources.iter().map(|arn| arn.raw()).collect();
    if arns.is_empty() {
        let place = &change.place;
        let named = change.request_text("keyId").unwrap_or_default();
        return format!("{} {} {named}", place.account, place.region).into_bytes();
    }
    arns.join(" ").into_bytes()
}
