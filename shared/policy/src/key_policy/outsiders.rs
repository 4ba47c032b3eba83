//! Who outside a key's account could be meant by its policies: whom they name as principals, whom their conditions name, and
//! strangers, whom they don't name.
//!
//! Gathers callers to ask about. It never says who is let in: a name may as well stand in a Deny.

use super::condition::{ContextValue, RequestContext};
use super::document::KeyPolicy;
use super::evaluate::{account_of, whole_account};
use super::meet::meet;
use super::statement::{Principal, Text};
use crate::names::{AccountId, KeyArn, Partition};
use crate::untrusted::clean;
use crate::wildcard;
use std::collections::{BTreeMap, BTreeSet};

/// Characters of a name that are shown at most.
const SHOWN: usize = 200;

/// Strangers that are asked about at most, and callers who are named: what hostile policies may cost is bounded.
const STRANGERS: usize = 6;
const NAMED: usize = 128;

/// Who is outside. Whoever comes first may stand for those behind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outsider {
    /// Anybody with an AWS account.
    Everyone,
    /// Another account, by its id.
    Account(String),
    /// Anybody with an AWS account who gives a user or role a name that matches this, cleaned.
    EveryoneNamed(String),
    /// A user or role of another account, cleaned.
    Principal(String),
    /// Accounts, users or roles of some accounts whose names match this, cleaned.
    Matching(String),
    /// A federated or canonical user, cleaned.
    Other(String),
    /// Another account, by its id, through a service that acts for it; through any if none is named.
    Through {
        /// The service's principal, cleaned.
        service: Option<String>,
        /// The account for which it acts.
        account: String,
    },
}

impl Outsider {
    /// Whether anybody with an AWS account can be this one.
    #[must_use]
    pub fn is_anybody(&self) -> bool {
        match self {
            Self::Everyone | Self::EveryoneNamed(_) => true,
            Self::Account(_)
            | Self::Principal(_)
            | Self::Matching(_)
            | Self::Other(_)
            | Self::Through { .. } => false,
        }
    }

    /// As a sentence has it.
    #[must_use]
    pub fn described(&self) -> String {
        match self {
            Self::Everyone => "everyone with an AWS account".to_owned(),
            Self::Account(id) => format!("account {id}"),
            Self::EveryoneNamed(pattern) => {
                format!("everyone with an AWS account and a user or role like `{pattern}`")
            }
            Self::Principal(name) => name.clone(),
            Self::Matching(pattern) => format!("whoever is like `{pattern}`"),
            Self::Other(name) => format!("the federated or canonical user `{name}`"),
            Self::Through { service: Some(service), account } => {
                format!("account {account} through the service {service}")
            }
            Self::Through { service: None, account } => format!("account {account} through any service"),
        }
    }
}

/// A caller to ask about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Candidate {
    pub(super) who: Outsider,
    pub(super) caller: String,
}

impl Candidate {
    fn named(caller: String) -> Self {
        let who = match (whole_account(&caller), account_of(&caller)) {
            (Some(account), _) => Outsider::Account(clean(account, SHOWN)),
            (None, Some(_) | None) => Outsider::Principal(clean(&caller, SHOWN)),
        };
        Self { who, caller }
    }

    /// Whether whoever lets `self` in lets `other` in.
    pub(super) fn stands_for(&self, other: &Self) -> bool {
        match &self.who {
            Outsider::Everyone => true,
            Outsider::Account(id) => account_of(&other.caller) == Some(id),
            // An unknown account as such is somebody else only where no name is told.
            Outsider::EveryoneNamed(_) => {
                self.who == other.who
                    || (other.who == Outsider::Everyone && whole_account(&other.caller).is_some())
            }
            // An account that is let in as such isn't by that let in through services, which ask nobody.
            Outsider::Through { service: None, account: own } => {
                matches!(&other.who, Outsider::Through { account, .. } if account == own)
            }
            Outsider::Principal(_)
            | Outsider::Matching(_)
            | Outsider::Other(_)
            | Outsider::Through { .. } => self.who == other.who,
        }
    }
}

/// Everybody outside the key's account to ask about, and how many more are named than are asked about.
///
/// Last come unknown accounts as such, for a name of theirs that none of the others has.
pub(super) fn candidates(policies: &[&KeyPolicy], key: &KeyArn) -> (Vec<Candidate>, usize) {
    let own = key.place().account.as_str();
    let partition = key.place().region.partition();
    let named = Named::by(policies);
    let strangers = named.strangers(policies, partition);
    let unknown: Vec<&str> = strangers.iter().filter_map(|stranger| account_of(stranger)).collect();
    let is_foreign = |candidate: &Candidate| account_of(&candidate.caller) != Some(own);
    let principals: BTreeSet<Candidate> = principals(policies).filter(is_foreign).collect();
    let by_conditions: BTreeSet<Candidate> = named
        .accounts(own, &unknown)
        .chain(named.principals(partition, &unknown))
        .filter(is_foreign)
        .collect();
    let named: Vec<Candidate> = principals.into_iter().chain(by_conditions).collect();
    let left_out = named.len().saturating_sub(NAMED);
    let everyone = |caller: &str| Candidate { who: Outsider::Everyone, caller: caller.to_owned() };
    let candidates = strangers
        .iter()
        .map(|stranger| everyone(stranger))
        .chain(named.into_iter().take(NAMED))
        .chain(unknown.iter().map(|account| everyone(account)));
    (candidates.collect(), left_out)
}

/// Whom statements name as principals.
fn principals<'a>(policies: &'a [&KeyPolicy]) -> impl Iterator<Item = Candidate> + 'a {
    let statements = policies.iter().flat_map(|policy| &policy.statements);
    statements.flat_map(|statement| &statement.principals).filter_map(|principal| match principal {
        // A bare unique id is a user or role that was deleted, and comes back for nobody.
        Principal::Aws(name) => account_of(name).map(|_| Candidate::named(name.clone())),
        Principal::Other(name) => {
            Some(Candidate { who: Outsider::Other(clean(name, SHOWN)), caller: name.clone() })
        }
        Principal::Everyone | Principal::Service(_) | Principal::Unread(_) => None,
    })
}

/// What conditions compare a caller's name with. Whether they mean or exclude it is for evaluation to say.
struct Named<'a> {
    accounts: BTreeSet<&'a str>,
    arns: BTreeSet<&'a str>,
}

impl<'a> Named<'a> {
    fn by(policies: &[&'a KeyPolicy]) -> Self {
        let mut named = Self { accounts: BTreeSet::new(), arns: BTreeSet::new() };
        let statements = policies.iter().flat_map(|policy| &policy.statements);
        for condition in statements.flat_map(|statement| &statement.conditions) {
            let values = condition.values.iter().filter_map(|value| match value {
                Text::Known(value) => Some(value.as_str()),
                Text::Unread(_) => None,
            });
            match condition.key.to_ascii_lowercase().as_str() {
                "kms:calleraccount" | "aws:principalaccount" => named.accounts.extend(values),
                "aws:principalarn" => named.arns.extend(values),
                _ => {}
            }
        }
        named
    }

    /// Users and roles of accounts that the policies don't know, each of them in other patterns than the others; first those
    /// that are in the fewest. One alone could be left out on purpose.
    fn strangers(&self, policies: &[&KeyPolicy], partition: Partition) -> Vec<String> {
        let texts: Vec<String> = policies.iter().map(|policy| policy.document().to_string()).collect();
        let mut by_patterns: BTreeMap<(usize, Vec<bool>), String> = BTreeMap::new();
        let unused =
            (0..4096).map(stranger).filter(|(account, _)| !texts.iter().any(|it| it.contains(account)));
        for (account, resource) in unused.take(32) {
            let arn = format!("arn:{partition}:iam::{account}:{resource}");
            let accounts = self.accounts.iter().map(|pattern| wildcard::matches(pattern, &account));
            let arns = self.arns.iter().map(|pattern| wildcard::matches(pattern, &arn));
            let matched: Vec<bool> = accounts.chain(arns).collect();
            let count = matched.iter().filter(|matched| **matched).count();
            by_patterns.entry((count, matched)).or_insert(arn);
        }
        by_patterns.into_values().take(STRANGERS).collect()
    }

    /// Accounts for each value of a condition on the account, and the value itself for whatever else it may match.
    fn accounts(&self, own: &str, unknown: &[&str]) -> impl Iterator<Item = Candidate> {
        let closed = |value: &&&str| !unknown.iter().any(|account| wildcard::matches(value, account));
        self.accounts.iter().filter(closed).flat_map(move |value| {
            let mut callers = instances_of_account(value);
            callers.remove(own);
            if !callers.is_empty() {
                callers.insert((*value).to_owned());
            }
            callers.into_iter().map(|caller| {
                let who = if AccountId::parse(value).is_ok() {
                    Outsider::Account((*value).to_owned())
                } else {
                    Outsider::Matching(clean(value, SHOWN))
                };
                Candidate { who, caller }
            })
        })
    }

    /// Callers for each value of a condition on the caller's ARN, of the accounts that it tells and of `unknown` ones.
    fn principals(&self, partition: Partition, unknown: &[&str]) -> impl Iterator<Item = Candidate> {
        self.arns.iter().flat_map(move |value| {
            // The account is the fifth part of an ARN, so it can't stand behind the pattern's fifth.
            let is_open = |part: &&str| unknown.iter().any(|account| wildcard::matches(part, account));
            let told = value.split(':').take(5).filter(|part| !is_open(part)).flat_map(instances_of_account);
            let accounts: BTreeSet<String> =
                unknown.iter().map(|account| (*account).to_owned()).chain(told).collect();
            accounts.into_iter().flat_map(move |account| {
                let anybody = unknown.contains(&account.as_str());
                instances_of_arn(value, partition, &account).into_iter().map(move |caller| {
                    let shown = clean(value, SHOWN);
                    match (anybody, caller == *value) {
                        (true, _) => Candidate { who: Outsider::EveryoneNamed(shown), caller },
                        (false, true) => Candidate::named(caller),
                        (false, false) => Candidate { who: Outsider::Matching(shown), caller },
                    }
                })
            })
        })
    }
}

/// The account and the name of one of many strangers; they begin and end in many ways.
fn stranger(number: u64) -> (String, String) {
    let mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let kind = if number.is_multiple_of(2) { "role" } else { "user" };
    (format!("{:012}", mixed % 1_000_000_000_000), format!("{kind}/{mixed:x}"))
}

/// Accounts that match a pattern: itself, or two that differ in what the pattern leaves open.
fn instances_of_account(pattern: &str) -> BTreeSet<String> {
    let met = ['0', '1'].into_iter().filter_map(|open| meet(pattern, "????????????", open));
    met.filter(|account| AccountId::parse(account).is_ok()).collect()
}

/// Users and roles of an account that match a pattern, as `aws:PrincipalArn` has them: never a role's session.
///
/// Somebody who makes a role chooses its path too, which may hold colons and another account's number.
fn instances_of_arn(pattern: &str, partition: Partition, account: &str) -> BTreeSet<String> {
    const USERS: [(&str, &str); 6] = [
        ("iam", "role/?*"),
        ("iam", "role/?*/x"),
        ("iam", "user/?*"),
        ("iam", "user/?*/x"),
        ("iam", "root"),
        ("sts", "federated-user/?*"),
    ];
    let shapes = USERS.iter().map(|(service, user)| format!("arn:{partition}:{service}::{account}:{user}"));
    shapes.filter_map(|shape| meet(pattern, &shape, 'x')).filter(|arn| is_user(arn)).collect()
}

/// Whether an ARN ends as IAM lets users and roles be named.
///
/// Source: IAM API Reference, "CreateRole": a path is of printable ASCII, a name of letters, digits and `_+=,.@-`.
fn is_user(arn: &str) -> bool {
    let plain = |it: char| it.is_ascii_alphanumeric() || "_+=,.@-".contains(it);
    let is_name = |name: &str| !name.is_empty() && name.chars().all(plain);
    // The root user's ARN has no slash.
    arn.chars().all(|it| it.is_ascii_graphic()) && arn.rsplit_once('/').is_none_or(|(_, name)| is_name(name))
}

/// What is known of a caller's requests; of all else nothing, for whoever calls may bring it about.
///
/// Of an account it isn't known which of its users and roles calls, of a pattern of accounts not which account.
pub(super) fn context(caller: &str, key: &KeyArn) -> RequestContext {
    let partition = key.place().region.partition();
    let one = |value: &str| ContextValue::Present(vec![value.to_owned()]);
    let users = |account: &str| {
        let iam = format!("arn:{partition}:iam::{account}:*");
        ContextValue::Like(vec![iam, format!("arn:{partition}:sts::{account}:federated-user/*")])
    };
    let (account, arn) = match (whole_account(caller), account_of(caller)) {
        (Some(account), _) => (one(account), users(account)),
        (None, Some(account)) => (one(account), one(caller)),
        (None, None) if caller.contains(['*', '?']) => {
            (ContextValue::Like(vec![caller.to_owned()]), users(caller))
        }
        (None, None) => (ContextValue::Unknown, ContextValue::Unknown),
    };
    RequestContext::default()
        .with("kms:CallerAccount", account.clone())
        .with("aws:PrincipalAccount", account)
        .with("aws:PrincipalArn", arn)
        .with("aws:PrincipalIsAWSService", one("false"))
        .with("aws:SecureTransport", one("true"))
        .with("aws:RequestedRegion", one(key.place().region.as_str()))
        .with("aws:ResourceAccount", one(key.place().account.as_str()))
        .with("aws:SourceArn", ContextValue::Absent)
        .with("aws:SourceAccount", ContextValue::Absent)
}
