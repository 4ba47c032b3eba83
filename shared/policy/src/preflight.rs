//! The preflight: would this key really serve, before anything is put under it?
//!
//! A key that is disabled, of the wrong kind or closed to the service would make what it protects
//! unreadable. Decides from facts alone; an answer it can't give is `Unknown`, which nobody may treat as
//! usable.

use crate::facts::{KeyFacts, KeyManager, KeyPolicyFact, KeyReading, KeySpec, KeyState, KeyUsage};
use crate::key_policy::{KeyPolicy, ServiceAccess, logs_access, trail_access};
use crate::names::{KeyArn, KeyRef, LogGroupArn, Place, Region, TrailArn};
use crate::plan::{Remedy, shell_word};
use crate::untrusted::clean;

/// What a key is to serve.
#[derive(Debug, Clone, Copy)]
pub enum Consumer<'a> {
    /// CloudWatch Logs, for one log group.
    LogGroup(&'a LogGroupArn),
    /// CloudTrail, for the files that one trail writes into a bucket of this Region.
    Trail(&'a TrailArn, &'a Region),
}

impl Consumer<'_> {
    fn service(self) -> &'static str {
        match self {
            Self::LogGroup(_) => "CloudWatch Logs",
            Self::Trail(..) => "CloudTrail",
        }
    }

    fn resource(self) -> &'static str {
        match self {
            Self::LogGroup(_) => "log group",
            Self::Trail(..) => "trail",
        }
    }

    /// Where the resource lives.
    fn place(&self) -> &Place {
        match self {
            Self::LogGroup(group) => group.place(),
            Self::Trail(trail, _) => trail.place(),
        }
    }

    /// The Region that the key must be in, and whose it is.
    fn region(&self) -> (&Region, &'static str) {
        match self {
            Self::LogGroup(group) => (&group.place().region, "the log group"),
            Self::Trail(_, bucket_region) => (bucket_region, "the trail's bucket"),
        }
    }

    fn access(self, policy: &KeyPolicy, key: &KeyArn) -> ServiceAccess {
        match self {
            Self::LogGroup(group) => logs_access(policy, key, group),
            Self::Trail(trail, _) => trail_access(policy, key, trail),
        }
    }
}

/// Whether a key may be put to use.
#[derive(Debug, Clone, PartialEq)]
pub enum Usability {
    /// It may; in a replay, on these assumptions.
    Usable {
        /// The key by its ARN; the alias only where a replay doesn't know the key behind it.
        key: KeyRef,
        /// What was taken for granted.
        assumed: Vec<String>,
    },
    /// It may not.
    Unusable(Vec<Obstacle>),
    /// It can't be told, so it may not.
    Unknown {
        /// What stands in the way of an answer.
        obstacles: Vec<Obstacle>,
        /// Whether asking again later may help.
        retryable: bool,
    },
}

/// One thing that keeps a key from serving, and how a person removes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Obstacle {
    /// What is wrong, as evidence.
    pub problem: String,
    /// What to do.
    pub remedies: Vec<Remedy>,
}

/// What the statements among the remedies are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Statements {
    /// Without them the service has no access.
    Missing,
    /// The policy may already hold as much; it can't be told.
    Clearer,
}

/// Obstacles as a finding's evidence and remedies.
pub(crate) fn told(obstacles: Vec<Obstacle>, statements: Statements) -> (Vec<String>, Vec<Remedy>) {
    let label = match statements {
        Statements::Missing => "missing key-policy statement",
        Statements::Clearer => "key-policy statement that grants it plainly, unless a Deny applies",
    };
    let (mut evidence, mut labelled, mut all) = (Vec::new(), Vec::new(), Vec::new());
    for Obstacle { problem, remedies } in obstacles {
        labelled.extend(remedies.iter().filter_map(|remedy| match remedy {
            Remedy::Statement(statement) => Some(format!("{label}: {statement}")),
            Remedy::Step(_) | Remedy::Command(_) => None,
        }));
        evidence.push(problem);
        all.extend(remedies);
    }
    evidence.extend(labelled);
    (evidence, all)
}

/// Whether `consumer` could use the key `wanted`, by what was read of the key; `None` is "nobody asked".
#[must_use]
pub fn usability(wanted: &KeyRef, reading: Option<&KeyReading>, consumer: Consumer<'_>) -> Usability {
    let service = consumer.service();
    if let Some(obstacle) = wrong_region(&wanted.to_string(), &wanted.place().region, &consumer) {
        return Usability::Unusable(vec![obstacle]);
    }
    let facts = match reading {
        Some(KeyReading::Known(facts)) => facts,
        Some(KeyReading::Assumed) => {
            let assumed = vec![format!("{wanted}: assumed to exist and to be usable by {service}")];
            return Usability::Usable { key: wanted.clone(), assumed };
        }
        Some(KeyReading::Absent) => return Usability::Unusable(vec![no_such_key(wanted)]),
        Some(KeyReading::Unreadable(unreadable)) => {
            let obstacles = vec![Obstacle {
                problem: format!("the key {wanted} can't be read: {}", unreadable.why),
                remedies: vec![readable(
                    wanted.place(),
                    &consumer,
                    "let Sealwatch's role call kms:DescribeKey and kms:GetKeyPolicy on the key",
                )],
            }];
            return Usability::Unknown { obstacles, retryable: unreadable.retryable };
        }
        None => {
            let problem = format!("the key {wanted} was not looked at");
            let obstacles = vec![Obstacle { problem, remedies: Vec::new() }];
            return Usability::Unknown { obstacles, retryable: false };
        }
    };
    if let KeyRef::Key(arn) = wanted
        && *arn != facts.arn
    {
        let problem = format!("the key {arn} was asked for, and {} answered", facts.arn);
        return Usability::Unknown {
            obstacles: vec![Obstacle { problem, remedies: Vec::new() }],
            retryable: false,
        };
    }
    let mut obstacles = kind_obstacles(facts, &consumer);
    obstacles.extend(state_obstacle(facts));
    let mut unknown = Vec::new();
    let mut retryable = false;
    match &facts.policy {
        KeyPolicyFact::Assumed => {}
        KeyPolicyFact::Unreadable(unreadable) => {
            retryable = unreadable.retryable;
            unknown.push(Obstacle {
                problem: format!("the policy of {} can't be read: {}", facts.arn, unreadable.why),
                remedies: vec![readable(
                    facts.arn.place(),
                    &consumer,
                    "let Sealwatch's role call kms:GetKeyPolicy on the key, or mend the policy",
                )],
            });
        }
        KeyPolicyFact::Known(policy) => match consumer.access(policy, &facts.arn) {
            ServiceAccess::Allowed => {}
            ServiceAccess::Missing { actions, statements } => obstacles.push(Obstacle {
                problem: format!(
                    "the policy of {} doesn't let {service} use {} for this {}",
                    facts.arn,
                    actions.join(", "),
                    consumer.resource()
                ),
                remedies: add_statements(&facts.arn, statements),
            }),
            ServiceAccess::Denied { actions, by } => obstacles.push(Obstacle {
                problem: format!("the policy of {} denies {service} {}: {by}", facts.arn, actions.join(", ")),
                remedies: vec![step(&format!("narrow that Deny statement so that it leaves {service} out"))],
            }),
            ServiceAccess::Unknown { why, statements } => unknown.push(Obstacle {
                problem: format!(
                    "can't tell whether the policy of {} lets {service} in: {}",
                    facts.arn,
                    why.join("; ")
                ),
                remedies: add_statements(&facts.arn, statements),
            }),
        },
    }
    if !obstacles.is_empty() {
        obstacles.extend(unknown);
        return Usability::Unusable(obstacles);
    }
    if !unknown.is_empty() {
        return Usability::Unknown { obstacles: unknown, retryable };
    }
    Usability::Usable { key: KeyRef::Key(facts.arn.clone()), assumed: assumptions(wanted, facts) }
}

/// How a key becomes readable. KMS shows a key's policy only to the key's own account, whatever anybody allows.
///
/// Source: KMS API reference, GetKeyPolicy: "Cross-account use: No."
fn readable(key: &Place, consumer: &Consumer<'_>, within_the_account: &str) -> Remedy {
    if key.account == consumer.place().account {
        return step(within_the_account);
    }
    step(&format!(
        "name a key of account {} in the policy file: no permission lets Sealwatch read the policy of another account's key; or ask the key's owners whether {} may use it, and put it to use by hand",
        consumer.place().account,
        consumer.service()
    ))
}

fn kind_obstacles(facts: &KeyFacts, consumer: &Consumer<'_>) -> Vec<Obstacle> {
    let mut obstacles = Vec::new();
    obstacles.extend(wrong_region(&facts.arn.to_string(), &facts.arn.place().region, consumer));
    let mut wrong_kind = |problem: String| {
        let remedies =
            vec![step("name another key in the policy file: a symmetric customer key for encryption")];
        obstacles.push(Obstacle { problem, remedies });
    };
    match &facts.spec {
        KeySpec::SymmetricDefault => {}
        KeySpec::Other(spec) => {
            wrong_kind(format!("the key {} is of spec {spec}, not SYMMETRIC_DEFAULT", facts.arn))
        }
    }
    match &facts.usage {
        KeyUsage::EncryptDecrypt => {}
        KeyUsage::Other(usage) => {
            wrong_kind(format!("the key {} is for {usage}, not ENCRYPT_DECRYPT", facts.arn))
        }
    }
    match &facts.manager {
        KeyManager::Customer => {}
        KeyManager::Other(manager) => {
            wrong_kind(format!("the key {} is managed by {manager}, not by the customer", facts.arn));
        }
    }
    obstacles
}

fn state_obstacle(facts: &KeyFacts) -> Option<Obstacle> {
    let region = facts.arn.place().region.as_str();
    let kms =
        |verb: &str| Remedy::Command(format!("aws kms {verb} --region {region} --key-id {}", facts.arn));
    let (state, remedies) = match &facts.state {
        KeyState::Enabled => return None,
        KeyState::Disabled => ("disabled".to_owned(), vec![kms("enable-key")]),
        KeyState::PendingDeletion { deletion_date } => {
            let date =
                deletion_date.as_ref().map(|date| format!(" (on {})", clean(date, 40))).unwrap_or_default();
            (format!("scheduled for deletion{date}"), vec![kms("cancel-key-deletion"), kms("enable-key")])
        }
        KeyState::PendingReplicaDeletion => (
            "a primary key scheduled for deletion once its replicas are gone".to_owned(),
            vec![kms("cancel-key-deletion"), kms("enable-key")],
        ),
        KeyState::PendingImport => {
            ("without key material (PendingImport)".to_owned(), vec![step("import its key material again")])
        }
        KeyState::Other(name) => (format!("in state {name}"), vec![kms("describe-key")]),
    };
    Some(Obstacle { problem: format!("the key {} is {state}", facts.arn), remedies })
}

fn wrong_region(key: &str, region: &Region, consumer: &Consumer<'_>) -> Option<Obstacle> {
    let (wanted, whose) = consumer.region();
    (region != wanted).then(|| Obstacle {
        problem: format!("the key {key} lies in {region}, {whose} in {wanted}"),
        remedies: vec![step(&format!(
            "name a key of the Region of {whose}; `{{region}}` in the policy file stands for it"
        ))],
    })
}

fn no_such_key(wanted: &KeyRef) -> Obstacle {
    let region = wanted.place().region.as_str();
    let remedies = match wanted {
        KeyRef::Alias { alias, .. } => vec![
            step("create the key and its alias, or name another key in the policy file:"),
            Remedy::Command(format!(
                "aws kms create-alias --region {region} --alias-name {} --target-key-id KEY_ID",
                shell_word(alias)
            )),
        ],
        KeyRef::Key(_) => vec![step("name another key in the policy file")],
    };
    Obstacle { problem: format!("there is no key {wanted}"), remedies }
}

/// How statements get into a key's policy.
pub(crate) fn add_statements(key: &KeyArn, statements: Vec<serde_json::Value>) -> Vec<Remedy> {
    let add = if statements.len() == 1 { "add this statement to it:" } else { "add these statements to it:" };
    let mut remedies = vec![step("write the key policy to a file:"), get_policy(key), step(add)];
    remedies.extend(statements.into_iter().map(Remedy::Statement));
    remedies.extend([step("and put it back:"), put_policy(key)]);
    remedies
}

/// Writes a key's policy to a file.
#[must_use]
pub fn get_policy(key: &KeyArn) -> Remedy {
    let region = key.place().region.as_str();
    Remedy::Command(format!(
        "aws kms get-key-policy --region {region} --key-id {key} --policy-name default --query Policy --output text > key-policy.json"
    ))
}

/// Puts that file back as the key's policy.
pub(crate) fn put_policy(key: &KeyArn) -> Remedy {
    let region = key.place().region.as_str();
    Remedy::Command(format!(
        "aws kms put-key-policy --region {region} --key-id {key} --policy-name default --policy file://key-policy.json"
    ))
}

fn assumptions(wanted: &KeyRef, facts: &KeyFacts) -> Vec<String> {
    if facts.assumed.is_empty() {
        return Vec::new();
    }
    let parts: Vec<&str> = facts.assumed.iter().copied().collect();
    vec![format!("{wanted}: assumed {}", parts.join(", "))]
}

fn step(text: &str) -> Remedy {
    Remedy::Step(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Unreadable;

    /// What a page advises where the key `arn` can't be read for a log group of 111122223333.
    fn advice(arn: &str) -> String {
        let group = LogGroupArn::parse("arn:aws:logs:eu-central-1:111122223333:log-group:/app/a").unwrap();
        let wanted = KeyRef::Key(KeyArn::parse(arn).unwrap());
        let reading = KeyReading::Unreadable(Unreadable::for_good("denied"));
        let usability = usability(&wanted, Some(&reading), Consumer::LogGroup(&group));
        let Usability::Unknown { obstacles, retryable: false } = usability else { unreachable!() };
        obstacles.iter().flat_map(|obstacle| &obstacle.remedies).map(ToString::to_string).collect()
    }

    #[test]
    fn no_permission_is_advised_that_could_not_help() {
        let own = advice("arn:aws:kms:eu-central-1:111122223333:key/abc");
        assert_eq!(own, "let Sealwatch's role call kms:DescribeKey and kms:GetKeyPolicy on the key");
        let other = advice("arn:aws:kms:eu-central-1:999999999999:key/abc");
        assert!(other.starts_with("name a key of account 111122223333 in the policy file"), "{other}");
        assert!(!other.contains("let Sealwatch's role"), "{other}");
    }
}
