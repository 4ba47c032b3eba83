//! Whether a key is in use: an answer with evidence, never a guess.
//!
//! One source that shows use settles it, whatever the others say. Nothing found counts only if every source was
//! read; one that failed makes it unknown. Nothing here weighs what follows from it.

use super::{Description, Facts};
use crate::facts::{Reading, Unreadable};
use crate::guards::Guard;
use crate::names::{Arn, LogGroupArn};
use crate::plan::Severity;
use crate::policy::{Exempt, Policy};
use crate::untrusted::{SHOWN, clean};
use crate::wildcard;
use jiff::{SignedDuration, Timestamp, ToSpan};

/// What GetKeyLastUsage tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastUse {
    /// The last use since tracking began; `None` if there was none.
    pub used: Option<Use>,
    /// `TrackingStartDate`
    pub tracking_since: Option<Timestamp>,
    /// `KeyCreationDate`
    pub created: Option<Timestamp>,
}

/// One cryptographic operation that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// When.
    pub time: Timestamp,
    /// Such as `Decrypt`.
    pub operation: Option<String>,
    /// CloudTrail's event id of the call.
    pub event_id: Option<String>,
}

/// One grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// `GrantId`
    pub id: String,
    /// Who may use the key by it; `None` if it wasn't told.
    pub grantee: Option<String>,
    /// Who may retire it, if it names somebody.
    pub retiring: Option<String>,
    /// When it was made.
    pub created: Option<Timestamp>,
}

/// The log groups that were looked through.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogGroups {
    /// Those that use the key.
    pub using: Vec<LogGroupArn>,
    /// How many were looked at.
    pub looked_at: usize,
    /// Why the rest wasn't, if there is one.
    pub cut_short: Option<Unreadable>,
}

/// Whether a key is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Usage {
    /// It is.
    InUse {
        /// What shows it.
        evidence: Vec<Evidence>,
        /// What couldn't be read beside that.
        unread: Vec<String>,
    },
    /// Every source was read, and none shows use.
    NoEvidence {
        /// What was looked at.
        looked_at: Vec<String>,
    },
    /// It can't be told.
    Unknown {
        /// What stands in the way of an answer.
        why: Vec<String>,
        /// What was looked at and shows no use.
        looked_at: Vec<String>,
        /// Whether asking again later may help.
        retryable: bool,
    },
}

/// One thing that shows a key to be in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// What it is.
    pub what: String,
    /// When it was so, if it is not simply so now.
    pub when: Option<Timestamp>,
    /// How it was learned.
    pub learned: &'static str,
}

impl Evidence {
    /// As one sentence.
    #[must_use]
    pub fn told(&self) -> String {
        let when = self.when.map_or_else(|| "read after the event".to_owned(), |when| when.to_string());
        format!("in use: {} ({}, {when})", self.what, self.learned)
    }
}

impl Usage {
    /// How bad it is if the key dies.
    pub(super) fn severity(&self, policy: &Policy) -> Severity {
        match self {
            Self::InUse { .. } => Severity::Critical,
            Self::Unknown { .. } => Severity::High,
            Self::NoEvidence { .. } => policy.keys.no_evidence,
        }
    }

    /// What it rests on, a sentence each.
    pub(super) fn told(&self) -> Vec<String> {
        let looked = |it: &String| format!("no use seen: {it}");
        match self {
            Self::InUse { evidence, unread } => {
                let unread = unread.iter().map(|why| format!("not read: {why}"));
                evidence.iter().map(Evidence::told).chain(unread).collect()
            }
            Self::NoEvidence { looked_at } => looked_at.iter().map(looked).collect(),
            Self::Unknown { why, looked_at, .. } => {
                let why = why.iter().map(|why| format!("can't tell whether it is in use: {why}"));
                why.chain(looked_at.iter().map(looked)).collect()
            }
        }
    }
}

/// How late KMS may tell of a use.
///
/// Source: KMS API reference, GetKeyLastUsage.
const LATE: SignedDuration = SignedDuration::from_hours(1);

/// The answer in the making.
#[derive(Default)]
struct Search {
    evidence: Vec<Evidence>,
    looked_at: Vec<String>,
    unread: Vec<String>,
    retryable: bool,
}

/// Whether the key is in use, by the facts that were read.
pub(super) fn usage(policy: &Policy, facts: &Facts, now: Timestamp) -> Usage {
    let mut search = Search::default();
    search.protection(policy, facts);
    search.last_use(policy, facts, now);
    search.trails(facts);
    search.grants(facts);
    search.sharing(facts);
    search.log_groups(facts);
    let Search { evidence, looked_at, unread, retryable } = search;
    if !evidence.is_empty() {
        Usage::InUse { evidence, unread }
    } else if !unread.is_empty() {
        Usage::Unknown { why: unread, looked_at, retryable }
    } else {
        Usage::NoEvidence { looked_at }
    }
}

impl Search {
    fn found(&mut self, what: String, when: Option<Timestamp>, learned: &'static str) {
        self.evidence.push(Evidence { what, when, learned });
    }

    fn nothing(&mut self, what: impl Into<String>) {
        self.looked_at.push(what.into());
    }

    fn unread(&mut self, what: &str, error: &Unreadable) {
        self.retryable |= error.retryable;
        self.unread.push(format!("{what}: {}", error.why));
    }

    fn unasked(&mut self, what: &str) {
        self.unread.push(format!("{what}: nobody asked"));
    }

    fn protection(&mut self, policy: &Policy, facts: &Facts) {
        let protect = &policy.keys.protect;
        match &facts.aliases {
            _ if protect.is_empty() => {}
            Reading::Known(aliases) | Reading::Assumed(aliases) => {
                for alias in aliases {
                    if let Some(pattern) = protect.iter().find(|it| wildcard::matches(it, alias)) {
                        let what = format!("policy protects {} (`{pattern}`)", clean(alias, SHOWN));
                        self.found(what, None, "kms:ListAliases");
                    }
                }
            }
            Reading::Absent => {}
            Reading::Unreadable(error) => self.unread("whether an alias protects it", error),
            Reading::NotAsked => self.unasked_of_a_key("whether an alias protects it", facts),
        }
        let tags = &policy.keys.protect_tags;
        match &facts.tags {
            _ if tags.is_empty() => {}
            Reading::Known(known) | Reading::Assumed(known) => {
                for (key, value) in tags.iter().filter(|(key, value)| known.get(*key) == Some(*value)) {
                    let tag = clean(&format!("{key}={value}"), SHOWN);
                    self.found(format!("policy protects the tag {tag}"), None, "kms:ListResourceTags");
                }
            }
            Reading::Absent => {}
            Reading::Unreadable(error) => self.unread("whether a tag protects it", error),
            Reading::NotAsked => self.unasked_of_a_key("whether a tag protects it", facts),
        }
    }

    /// A key that is gone has no aliases and tags that could be asked for.
    fn unasked_of_a_key(&mut self, what: &str, facts: &Facts) {
        if facts.key != Reading::Absent {
            self.unasked(what);
        }
    }

    fn last_use(&mut self, policy: &Policy, facts: &Facts, now: Timestamp) {
        const WHAT: &str = "when it was last used";
        let last = match &facts.last_use {
            Reading::Known(last) | Reading::Assumed(last) => last,
            // Trails and log groups are not all that a key may have encrypted.
            Reading::Absent => {
                return self.unread.push(format!("{WHAT}: KMS doesn't tell that of a key that is gone"));
            }
            Reading::Unreadable(error) => return self.unread(WHAT, error),
            Reading::NotAsked => return self.unasked_of_a_key(WHAT, facts),
        };
        let Some(used) = &last.used else {
            return self.never_used(last, now);
        };
        let operation = used.operation.as_deref().map_or_else(|| "used".to_owned(), |it| clean(it, 60));
        let event =
            used.event_id.as_deref().map(|id| format!(", event {}", clean(id, 60))).unwrap_or_default();
        let days = i64::from(policy.keys.in_use_days);
        // Of days without use none may be counted that a leap or a clock could add.
        let since = now.checked_sub((days * 24).hours()).unwrap_or(Timestamp::MIN);
        if used.time >= since {
            self.found(format!("last {operation}{event}"), Some(used.time), "kms:GetKeyLastUsage");
        } else {
            self.nothing(format!(
                "last {operation} at {}, more than {days} days ago (kms:GetKeyLastUsage)",
                used.time
            ));
        }
    }

    /// Source: KMS API reference, GetKeyLastUsage: no use is on record since tracking began, which tells of the whole
    /// of a key's life only if it was made on or after that date.
    fn never_used(&mut self, last: &LastUse, now: Timestamp) {
        let is_young = |created: Timestamp| now.duration_since(created) < LATE;
        match (last.created, last.tracking_since) {
            (Some(created), _) if is_young(created) => self.unread.push(format!(
                "KMS tells of uses up to an hour late, and the key was made less than an hour ago, at {created}"
            )),
            (Some(created), Some(since)) if created >= since => self.nothing(format!(
                "never used since it was made at {created} (kms:GetKeyLastUsage)"
            )),
            (Some(created), Some(since)) => self.unread.push(format!(
                "KMS records uses since {since} and has seen none, but the key is older ({created}): what was encrypted before may need it"
            )),
            (None, _) | (_, None) => {
                self.unread.push("KMS has seen no use, and doesn't tell since when it looks or since when the key exists".to_owned());
            }
        }
    }

    fn trails(&mut self, facts: &Facts) {
        match &facts.trails {
            Reading::Known(trails) | Reading::Assumed(trails) if trails.is_empty() => {
                self.nothing("no trail that this Region shows encrypts with it (cloudtrail:DescribeTrails)");
            }
            Reading::Known(trails) | Reading::Assumed(trails) => {
                for trail in trails {
                    self.found(
                        format!("the trail {trail} encrypts with it"),
                        None,
                        "cloudtrail:DescribeTrails",
                    );
                }
            }
            Reading::Unreadable(error) => self.unread("whether a trail uses it", error),
            Reading::Absent | Reading::NotAsked => self.unasked("whether a trail uses it"),
        }
    }

    /// A service made a grant for a resource that it keeps; what a role may do says nothing of what it does.
    fn grants(&mut self, facts: &Facts) {
        let grants = match &facts.grants {
            Reading::Known(grants) | Reading::Assumed(grants) => grants,
            Reading::Absent if facts.key == Reading::Absent => return,
            Reading::Absent => return self.unasked("whether a service holds a grant"),
            Reading::Unreadable(error) => return self.unread("whether a service holds a grant", error),
            Reading::NotAsked => return self.unasked_of_a_key("whether a service holds a grant", facts),
        };
        let mut others = Vec::new();
        for grant in grants {
            let parties = [&grant.grantee, &grant.retiring];
            match parties.into_iter().flatten().find_map(|party| service(party)) {
                Some(service) => {
                    let id = clean(&grant.id, 80);
                    let what = format!("{service} holds the grant {id}");
                    self.found(what, grant.created, "kms:ListGrants");
                }
                None => others.push(
                    grant
                        .grantee
                        .as_deref()
                        .map_or_else(|| "an unnamed principal".to_owned(), |grantee| clean(grantee, SHOWN)),
                ),
            }
        }
        others.sort();
        others.dedup();
        self.nothing(match others.as_slice() {
            [] => "no grants to others (kms:ListGrants)".to_owned(),
            others => {
                format!("grants to {}, which may use it and need not (kms:ListGrants)", others.join(", "))
            }
        });
    }

    fn sharing(&mut self, facts: &Facts) {
        match &facts.shared {
            Reading::Known(true) | Reading::Assumed(true) => {
                let what =
                    "it is shared with other accounts through AWS RAM, whose data can't be seen from here";
                self.found(what.to_owned(), None, "kms:ListKeyPolicies");
            }
            Reading::Known(false) | Reading::Assumed(false) => {
                self.nothing("not shared through AWS RAM (kms:ListKeyPolicies)");
            }
            Reading::Absent if facts.key == Reading::Absent => {}
            Reading::Absent => self.unasked("whether it is shared through AWS RAM"),
            Reading::Unreadable(error) => self.unread("whether it is shared through AWS RAM", error),
            Reading::NotAsked => self.unasked_of_a_key("whether it is shared through AWS RAM", facts),
        }
    }

    fn log_groups(&mut self, facts: &Facts) {
        const WHAT: &str = "whether a log group uses it";
        let groups = match &facts.log_groups {
            Reading::Known(groups) | Reading::Assumed(groups) => groups,
            Reading::Unreadable(error) => return self.unread(WHAT, error),
            // They are asked last, and only if nothing else shows use.
            Reading::Absent | Reading::NotAsked if !self.evidence.is_empty() => return,
            Reading::Absent | Reading::NotAsked => return self.unasked(WHAT),
        };
        for group in &groups.using {
            let what = format!("the log group {} encrypts with it", group.name());
            self.found(what, None, "logs:DescribeLogGroups");
        }
        match &groups.cut_short {
            Some(error) => {
                let what = format!("{WHAT}: {} were looked at, then", groups.looked_at);
                self.unread(&what, error);
            }
            None if groups.using.is_empty() => {
                self.nothing(format!(
                    "none of the {} log groups of this account and Region encrypts with it (logs:DescribeLogGroups)",
                    groups.looked_at
                ));
            }
            None => {}
        }
    }
}

/// The service behind a grant's party: its principal, the one that a service-linked role belongs to, or a role that only
/// AWS itself can have.
///
/// Source: KMS Developer Guide, "Examining grants": EC2 holds a grant for each volume that is attached, as a session of
/// `aws:ec2-infrastructure`. The names of an account's own roles have no colon.
fn service(party: &str) -> Option<String> {
    let is_plain = |name: &str| name.bytes().all(|it| it.is_ascii_alphanumeric() || b".-".contains(&it));
    let principal = |name: &str| (name.contains(".amazonaws.com") && is_plain(name)).then(|| name.to_owned());
    let aws_role = |name: &str| name.strip_prefix("aws:").is_some_and(is_plain).then(|| name.to_owned());
    let of_arn = |arn: Arn<'_>| match arn.service {
        "iam" => principal(arn.resource.strip_prefix("role/aws-service-role/")?.split_once('/')?.0),
        "sts" => aws_role(arn.resource.strip_prefix("assumed-role/")?.split_once('/')?.0),
        _ => None,
    };
    // CloudTrail also writes `ACCOUNT:aws:ec2-infrastructure:INSTANCE`.
    let of_session = || aws_role(party.split_once(':')?.1.rsplit_once(':')?.0);
    let service = match Arn::split(party) {
        Some(arn) => of_arn(arn),
        None => principal(party).or_else(of_session),
    };
    service.map(|service| clean(&service, 120))
}

/// What the answer rests on that nothing told (replay only).
///
/// Where one source shows use, that another may show more rests on nothing.
pub(super) fn assumed(
    policy: &Policy,
    facts: &Facts,
    key: Option<&Description>,
    now: Timestamp,
) -> Vec<String> {
    let mut assumed = Vec::new();
    if let Some(key) = key.filter(|key| !key.assumed.is_empty()) {
        let parts: Vec<&str> = key.assumed.iter().copied().collect();
        assumed.push(format!("key {}: assumed {}", key.arn.id(), parts.join(", ")));
    }
    // Whom a new policy shuts out is a question of its own.
    let open = facts.policy != Reading::NotAsked || !matches!(usage(policy, facts, now), Usage::InUse { .. });
    let exempts = |what: fn(&Exempt) -> bool| {
        policy.exemptions_of(Guard::Key, now).any(|exemption| what(&exemption.what))
    };
    let names = exempts(|what| matches!(what, Exempt::Name(_))) || open && !policy.keys.protect.is_empty();
    let tags =
        exempts(|what| matches!(what, Exempt::Tag { .. })) || open && !policy.keys.protect_tags.is_empty();
    let all: Vec<&str> = [
        (names && matches!(facts.aliases, Reading::Assumed(_)), "aliases"),
        (tags && matches!(facts.tags, Reading::Assumed(_)), "tags"),
        (open && matches!(facts.last_use, Reading::Assumed(_)), "uses"),
        (open && matches!(facts.grants, Reading::Assumed(_)), "grants"),
        (open && matches!(facts.trails, Reading::Assumed(_)), "trails"),
        (open && matches!(facts.log_groups, Reading::Assumed(_)), "log groups"),
    ]
    .into_iter()
    .filter_map(|(is_assumed, what)| is_assumed.then_some(what))
    .collect();
    if !all.is_empty() {
        assumed.push(format!("assumed no {} but those that were told of", all.join(", ")));
    }
    if open && matches!(facts.shared, Reading::Assumed(_)) {
        assumed.push("assumed that the key isn't shared through AWS RAM".to_owned());
    }
    assumed
}
