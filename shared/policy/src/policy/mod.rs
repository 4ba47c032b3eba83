//! The policy file: what the account's owner wants, checked once and complete.
//!
//! A [`Policy`] exists only if every line of the file was understood; a file with a fault gives the list
//! of all its faults and no policy. Nothing here looks at an event or a resource.

mod fault;
mod read;
mod table;
#[cfg(test)]
mod tests;

pub use fault::{Fault, Faults};

use crate::change::Actor;
use crate::guard::Guard;
use crate::names::{AccountId, Arn, KeyRef, NameError, Place, Region};
use crate::plan::{Plan, Severity, Verdict};
use crate::wildcard;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// How much Sealwatch may do: each mode does what the one before it does, and more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Receipts and metrics.
    Observe,
    /// And pages.
    Page,
    /// And effects.
    Remediate,
}

/// A policy file that was understood in full.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// The mode of every guard that doesn't set its own.
    pub mode: Mode,
    /// `[log_groups]`
    pub log_groups: LogGroups,
    /// `[trails]`
    pub trails: Trails,
    /// `[keys]`
    pub keys: Keys,
    /// `[[exempt]]`, in the file's order.
    pub exemptions: Vec<Exemption>,
    /// `[pages]`
    pub pages: Pages,
}

/// `[pages]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pages {
    /// The lowest severity that pages.
    pub from: Severity,
    /// Where the runbook stands: an https address to which `#` and a finding's anchor are added.
    pub runbook: Option<String>,
}

/// `[log_groups]`
#[derive(Debug, Clone, PartialEq)]
pub struct LogGroups {
    /// This guard's own mode.
    pub mode: Option<Mode>,
    /// Keys that a group may have beside the one its rule names. Empty: any of its account, or of one whose keys a rule names.
    pub approved_keys: Vec<ApprovedKey>,
    /// Which key a group gets; the first match wins.
    pub rules: Vec<KeyRule>,
}

/// One `[[log_groups.keys]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRule {
    /// The line of the file that the rule begins on.
    pub line: usize,
    /// A wildcard over log-group names.
    pub pattern: String,
    /// The key for groups that match.
    pub key: KeyTemplate,
}

/// A key as written in the file, with `{partition}`, `{region}` and `{account}` still open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyTemplate(String);

/// One of `log_groups.approved_keys`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApprovedKey {
    /// A key or alias.
    Key(KeyTemplate),
    /// A wildcard over key ARNs.
    Pattern(String),
}

/// `[trails]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trails {
    /// This guard's own mode.
    pub mode: Option<Mode>,
    /// The key for trails.
    pub key: Option<KeyTemplate>,
    /// What every trail must have.
    pub require: BTreeSet<TrailRequirement>,
    /// Wildcards over the buckets that a trail may write to. Empty: any, as long as it stays the same.
    pub buckets: Vec<String>,
}

/// One of `trails.require`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TrailRequirement {
    /// A KMS key.
    Encryption,
    /// Logging is on.
    Logging,
    /// All Regions.
    MultiRegion,
    /// Log file validation.
    Validation,
    /// Management events, also those of KMS.
    ManagementEvents,
}

/// `[keys]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// This guard's own mode.
    pub mode: Option<Mode>,
    /// Days without use after which a key no longer counts as used.
    pub in_use_days: u16,
    /// How bad it is when a key that nothing shows to be in use is disabled or dies.
    pub no_evidence: Severity,
    /// Wildcards over aliases whose keys are protected whatever the evidence says.
    pub protect: Vec<String>,
    /// Tags whose keys are protected.
    pub protect_tags: BTreeMap<String, String>,
}

/// One `[[exempt]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exemption {
    /// The line of the file that the exemption begins on.
    pub line: usize,
    /// The guard that it holds for.
    pub guard: Guard,
    /// What it exempts.
    pub what: Exempt,
    /// Why; never empty.
    pub reason: String,
    /// The last day (UTC) on which it applies.
    pub until: Option<Date>,
}

/// What an exemption matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exempt {
    /// Resources by a wildcard over their names.
    Name(String),
    /// Resources that carry a tag.
    Tag {
        /// The tag's key.
        key: String,
        /// The tag's value.
        value: String,
    },
    /// Callers by a wildcard over their ARNs.
    Principal(String),
}

impl Policy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// All faults of the file, each with its line and a remedy.
    pub fn parse(text: &str) -> Result<Self, Faults> {
        read::policy(text)
    }

    /// The mode that a guard runs in.
    #[must_use]
    pub fn mode_of(&self, guard: Guard) -> Mode {
        let own = match guard {
            Guard::LogGroup => self.log_groups.mode,
            Guard::Trail => self.trails.mode,
            Guard::Key => self.keys.mode,
        };
        own.unwrap_or(self.mode)
    }

    /// The exemptions of one guard that haven't passed their date.
    pub fn exemptions_of(&self, guard: Guard, now: Timestamp) -> impl Iterator<Item = &Exemption> {
        self.exemptions.iter().filter(move |exemption| exemption.guard == guard && !exemption.has_passed(now))
    }

    /// Whether every trail must have this.
    #[must_use]
    pub fn requires(&self, requirement: TrailRequirement) -> bool {
        self.trails.require.contains(&requirement)
    }

    /// What every trail must have, in words.
    #[must_use]
    pub fn required(&self) -> String {
        let names: Vec<&str> = self.trails.require.iter().map(|it| it.as_str()).collect();
        if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
    }

    /// The rule that decides which key a log group gets.
    #[must_use]
    pub fn key_rule(&self, log_group: &str) -> Option<&KeyRule> {
        self.log_groups.rules.iter().find(|rule| wildcard::matches(&rule.pattern, log_group))
    }
}

impl TrailRequirement {
    /// The requirement as written in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Encryption => "encryption",
            Self::Logging => "logging",
            Self::MultiRegion => "multi-region",
            Self::Validation => "validation",
            Self::ManagementEvents => "management-events",
        }
    }
}

impl Exemption {
    /// Whether the last day of the exemption is over.
    #[must_use]
    pub fn has_passed(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| now.to_zoned(TimeZone::UTC).date() > until)
    }

    /// Whether a resource of this name is exempt.
    #[must_use]
    pub fn covers_name(&self, name: &str) -> bool {
        matches!(&self.what, Exempt::Name(pattern) if wildcard::matches(pattern, name))
    }

    /// Whether a caller is exempt.
    ///
    /// A caller chooses the session name of an assumed role, so a pattern is held against the role behind
    /// the session; only a pattern that itself says `:assumed-role/` is held against the session's ARN. The
    /// same goes for the name of a federated user, behind whom no role stands.
    #[must_use]
    pub fn covers_actor(&self, actor: &Actor) -> bool {
        let Exempt::Principal(pattern) = &self.what else {
            return false;
        };
        let Some(caller) = actor.arn.as_ref().map(|arn| arn.raw()) else {
            return false;
        };
        let is_session = |kind: &str| {
            Arn::split(caller).is_some_and(|arn| arn.service == "sts" && arn.resource.starts_with(kind))
        };
        let held_against = if is_session("assumed-role/") && !pattern.contains(":assumed-role/") {
            actor.role_arn()
        } else if is_session("federated-user/") && !pattern.contains(":federated-user/") {
            None
        } else {
            Some(caller.to_owned())
        };
        held_against.is_some_and(|arn| wildcard::matches_arn(pattern, &arn))
    }

    /// The plan for `what` it exempts.
    #[must_use]
    pub fn settles<E>(&self, what: &str) -> Plan<E> {
        let until = self.until.map(|date| format!(", until {date}")).unwrap_or_default();
        let reason = format!("{what} is exempt (line {}{until}): {}", self.line, self.reason);
        Plan::settled(Verdict::Exempt, reason)
    }

    /// Whether a resource with these tags is exempt.
    #[must_use]
    pub fn covers_tags(&self, tags: &BTreeMap<String, String>) -> bool {
        matches!(&self.what, Exempt::Tag { key, value } if tags.get(key) == Some(value))
    }
}

impl KeyTemplate {
    /// Takes a key as written, if it is one once its placeholders are filled.
    ///
    /// # Errors
    /// If it is neither an alias, an alias ARN nor a key ARN, whatever the placeholders stand for.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        /// One Region of each partition: a file may fix the partition and leave the Region open.
        const EXAMPLES: [&str; 8] = [
            "us-east-1",
            "cn-north-1",
            "us-gov-west-1",
            "us-iso-east-1",
            "us-isob-east-1",
            "eu-isoe-west-1",
            "us-isof-south-1",
            "eusc-de-east-1",
        ];
        let template = Self(text.to_owned());
        let account = AccountId::parse("111122223333")?;
        let is_key = |region: Region| {
            let account = account.clone();
            template.at(&Place { account, region }).is_ok()
        };
        if EXAMPLES.iter().filter_map(|region| Region::parse(region).ok()).any(is_key) {
            Ok(template)
        } else {
            Err(NameError::KeyRef(crate::untrusted::clean(text, 120)))
        }
    }

    /// The key in one account and Region.
    ///
    /// # Errors
    /// If the filled text is no key there, such as a fixed partition that isn't the Region's.
    pub fn at(&self, place: &Place) -> Result<KeyRef, NameError> {
        KeyRef::parse(&self.fill(place), place)
    }

    /// The key as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn fill(&self, place: &Place) -> String {
        fill(&self.0, place)
    }
}

impl ApprovedKey {
    /// Whether this is a wildcard that matches `key`, the key of a resource in `place`.
    #[must_use]
    pub fn is_pattern_of(&self, key: &str, place: &Place) -> bool {
        matches!(self, Self::Pattern(pattern) if wildcard::matches(&fill(pattern, place), key))
    }
}

fn fill(template: &str, place: &Place) -> String {
    if !template.contains('{') {
        return template.to_owned();
    }
    template
        .replace("{partition}", place.region.partition().as_str())
        .replace("{region}", place.region.as_str())
        .replace("{account}", place.account.as_str())
}

impl Mode {
    /// Reads a mode as written in files.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Observe, Self::Page, Self::Remediate].into_iter().find(|mode| mode.as_str() == name)
    }

    /// The mode as written in files and receipts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Page => "page",
            Self::Remediate => "remediate",
        }
    }
}
