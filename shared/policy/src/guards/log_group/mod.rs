//! The log-group guard: no log group without its key.
//!
//! Tells what a change is about, which questions the account must answer, and, in [`decide`], what
//! follows from the answers. Never about a group other than the one the change names, and never by the
//! event alone: an effect needs the group's own state.

mod decide;
mod findings;
mod query_results;
mod shown;
#[cfg(test)]
mod tests;
pub mod too_early;

pub use decide::decide;
pub use findings::look;
pub(in crate::guards) use findings::option;

use crate::change::Change;
use crate::facts::{KeyReading, Reading, Unreadable};
use crate::guards::Guard;
use crate::names::{AccountId, Arn, KeyRef, LogGroupArn, LogGroupName, Place};
use crate::plan;
use crate::policy::{ApprovedKey, Exempt, Policy};
use crate::untrusted::clean;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// The calls that this guard handles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// `CreateLogGroup`
    Create,
    /// `AssociateKmsKey`
    Associate,
    /// `DisassociateKmsKey`
    Disassociate,
}

/// What a change is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// One log group.
    Group(LogGroupArn),
    /// The stored query results of an account in a Region.
    QueryResults(Place),
    /// The record doesn't say, or says something that can't be.
    Unclear(String),
}

/// A log group as DescribeLogGroups shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupState {
    /// `kmsKeyId`: always a key's ARN, kept as text because it is only compared and shown.
    pub key: Option<String>,
    /// `logGroupClass`, if told.
    pub class: Option<String>,
    /// `creationTime`, if told.
    pub created: Option<Timestamp>,
}

/// What must be asked beside the group itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Questions {
    /// Keys to describe, with their policies.
    pub keys: BTreeSet<KeyRef>,
    /// Keys whose answer is welcome if it costs no call.
    pub keys_if_at_hand: BTreeSet<KeyRef>,
    /// Whether the group's tags matter.
    pub tags: bool,
}

/// What the account answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// The group that the change names.
    pub group: Reading<GroupState>,
    /// The group's tags.
    pub tags: Reading<BTreeMap<String, String>>,
    /// The keys that were asked for.
    pub keys: BTreeMap<KeyRef, KeyReading>,
}

/// "This log group uses this key."
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// The group.
    pub group: LogGroupArn,
    /// The key; an alias only in a replay that doesn't know the key behind it.
    pub key: KeyRef,
}

impl Call {
    /// Which of the guard's calls a change is.
    #[must_use]
    pub fn of(change: &Change) -> Option<Self> {
        if change.event_source.raw() != "logs.amazonaws.com" {
            return None;
        }
        match change.event_name.raw() {
            "CreateLogGroup" => Some(Self::Create),
            "AssociateKmsKey" => Some(Self::Associate),
            "DisassociateKmsKey" => Some(Self::Disassociate),
            _ => None,
        }
    }
}

impl Target {
    /// Reads the target out of `logGroupName` or `resourceIdentifier`.
    #[must_use]
    pub fn of(change: &Change) -> Self {
        if let Some(name) = change.request_text("logGroupName") {
            return match LogGroupName::parse(name) {
                Ok(name) => Self::Group(LogGroupArn::new(change.place.clone(), name)),
                Err(error) => Self::Unclear(error.to_string()),
            };
        }
        let Some(identifier) = change.request_text("resourceIdentifier") else {
            return Self::Unclear(
                "the record names neither `logGroupName` nor `resourceIdentifier`".to_owned(),
            );
        };
        match Self::of_identifier(identifier) {
            Some((target, place)) if place == change.place => target,
            Some((_, place)) => Self::Unclear(format!(
                "`resourceIdentifier` lies in {} of account {}, the call was made in {} of account {}",
                place.region, place.account, change.place.region, change.place.account
            )),
            None => Self::Unclear(format!(
                "`resourceIdentifier` is `{}`, neither a log group's ARN nor that of query results",
                clean(identifier, 120)
            )),
        }
    }

    fn of_identifier(identifier: &str) -> Option<(Self, Place)> {
        if let Ok(arn) = LogGroupArn::parse(identifier) {
            let place = arn.place().clone();
            return Some((Self::Group(arn), place));
        }
        let arn = Arn::split(identifier).filter(|arn| arn.service == "logs")?;
        arn.resource.strip_prefix("query-result:")?;
        let place = arn.place()?;
        Some((Self::QueryResults(place.clone()), place))
    }

    /// The target's ARN, if it has one.
    #[must_use]
    pub fn arn(&self) -> Option<String> {
        match self {
            Self::Group(arn) => Some(arn.to_string()),
            Self::QueryResults(Place { account, region }) => {
                Some(format!("arn:{}:logs:{region}:{account}:query-result:*", region.partition()))
            }
            Self::Unclear(_) => None,
        }
    }
}

/// The log group that must be read before anything can be decided; `None` if the change and the policy
/// alone decide.
#[must_use]
pub fn group_to_read(policy: &Policy, change: &Change, now: Timestamp) -> Option<LogGroupArn> {
    match Target::of(change) {
        Target::Group(group) if decide::settled(policy, change, &group, now).is_none() => Some(group),
        Target::Group(_) | Target::QueryResults(_) | Target::Unclear(_) => None,
    }
}

/// What else must be asked, once the group's own state is known.
///
/// A group that has a key costs no further call, unless the policy approves keys by alias: CloudWatch Logs
/// checked the key when it was associated.
#[must_use]
pub fn questions(policy: &Policy, group: &LogGroupArn, state: &GroupState, now: Timestamp) -> Questions {
    let rule_key = policy.key_rule(group.name().as_str()).and_then(|rule| rule.key.at(group.place()).ok());
    let mut questions = Questions::default();
    match &state.key {
        None => {
            // A key of another Region is refused unread: no call could make it usable.
            questions.keys.extend(rule_key.filter(|key| key.place().region == group.place().region));
            questions.tags = asks_for_tags(policy, now);
        }
        Some(key) => {
            let approval = Approval::of(policy, group, key, &BTreeMap::new());
            questions.keys.extend(approval.aliases_to_resolve);
            questions.keys_if_at_hand.extend(KeyRef::parse(key, group.place()));
            questions.tags = !approval.approved && asks_for_tags(policy, now);
        }
    }
    questions
}

fn asks_for_tags(policy: &Policy, now: Timestamp) -> bool {
    policy.exemptions_of(Guard::LogGroup, now).any(|exemption| matches!(exemption.what, Exempt::Tag { .. }))
}

/// Whether a key is of this account, or of one whose keys the rules give to groups.
///
/// What another account encrypts with its key can be read by that account's leave only.
fn is_of_a_known_account(policy: &Policy, here: &Place, key: &str) -> bool {
    KeyRef::parse(key, here).is_ok_and(|key| accounts_of_keys(policy, here).contains(&key.place().account))
}

/// This account, and those whose keys the rules give to groups.
fn accounts_of_keys(policy: &Policy, here: &Place) -> BTreeSet<AccountId> {
    let of_rules = policy.log_groups.rules.iter().filter_map(|rule| rule.key.at(here).ok());
    of_rules.map(|key| key.place().account.clone()).chain([here.account.clone()]).collect()
}

/// Whether the policy approves the key that a group has.
struct Approval {
    approved: bool,
    /// Aliases whose keys would have to be known for an answer.
    aliases_to_resolve: Vec<KeyRef>,
    /// Those of them that were asked for and couldn't be read.
    unreadable: Vec<(KeyRef, Unreadable)>,
}

impl Approval {
    fn of(policy: &Policy, group: &LogGroupArn, key: &str, known: &BTreeMap<KeyRef, KeyReading>) -> Self {
        let mut approval = Self { approved: true, aliases_to_resolve: Vec::new(), unreadable: Vec::new() };
        if policy.log_groups.approved_keys.is_empty() {
            approval.approved = is_of_a_known_account(policy, group.place(), key);
            return approval;
        }
        approval.approved = false;
        let rule = policy.key_rule(group.name().as_str()).map(|rule| &rule.key);
        let listed = policy.log_groups.approved_keys.iter().filter_map(|approved| match approved {
            ApprovedKey::Key(template) => Some(template),
            ApprovedKey::Pattern(_) => {
                approval.approved |= approved.is_pattern_of(key, group.place());
                None
            }
        });
        let references: BTreeSet<KeyRef> = listed
            .chain(rule)
            .filter_map(|template| template.at(group.place()).ok())
            // A file for several Regions names keys of them all; only those of its own can serve the group.
            .filter(|reference| reference.place().region == group.place().region)
            .collect();
        for reference in references {
            approval.approved |= reference.to_string() == key;
            match &reference {
                KeyRef::Key(_) => {}
                KeyRef::Alias { .. } => match known.get(&reference) {
                    Some(KeyReading::Known(facts)) => approval.approved |= facts.arn.to_string() == key,
                    Some(KeyReading::Unreadable(unreadable)) => {
                        approval.unreadable.push((reference.clone(), unreadable.clone()));
                    }
                    Some(KeyReading::Assumed) => {
                        let why = "the replay doesn't know which key it stands for; tell it with --state";
                        approval.unreadable.push((reference.clone(), Unreadable::for_good(why)));
                    }
                    Some(KeyReading::Absent) => {}
                    None => approval.aliases_to_resolve.push(reference.clone()),
                },
            }
        }
        if approval.approved {
            approval.aliases_to_resolve.clear();
        }
        approval
    }
}

impl plan::Effect for Effect {
    fn ensure(&self) -> &'static str {
        "log-group-key"
    }

    fn target(&self) -> String {
        self.group.to_string()
    }

    fn value(&self) -> Option<String> {
        Some(self.key.to_string())
    }

    fn describe(&self) -> String {
        format!("associate the key {} with the log group {}", self.key, self.group.name())
    }
}
