//! A new key policy, judged by what it means: which services that use the key it shuts out, whom outside the account it
//! lets in, and whether the account keeps control of the key.
//!
//! The policy that was read after the event is judged, not the one that the call shows. Sealwatch puts no policy back.

use super::judgement::Judgement;
use super::usage::LogGroups;
use super::{Description, findings};
use crate::change::Change;
use crate::facts::Reading;
use crate::key_policy::{
    ACTIONS_ACROSS_ACCOUNTS, Administration, KeyPolicy, Opening, Openings, ServiceAccess, administration,
    logs_access, openings, trail_access,
};
use crate::names::{LogGroupArn, TrailArn};
use crate::plan::{Finding, Remedy, Severity};
use crate::preflight::{add_statements, get_policy, put_policy};
use crate::untrusted::clean;
use serde_json::Value;
use std::collections::BTreeSet;

/// Resources, and whom or what else, that a finding names at most.
pub(super) const NAMED: usize = 10;

/// What one service's access came to, over all that uses the key.
#[derive(Default)]
struct Shut {
    /// What is shut out, a sentence each.
    out: Vec<String>,
    /// The statements that let it in again.
    statements: Vec<Value>,
    /// A Deny statement stands in the way.
    denied: bool,
}

/// Whether a call asked KMS not to check that its caller keeps control of the key. Some tools turn a flag into a text.
pub(super) fn bypasses_lockout_check(change: &Change) -> bool {
    match change.request.get("bypassPolicyLockoutSafetyCheck") {
        Some(Value::Bool(bypassed)) => *bypassed,
        Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
        Some(Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_)) | None => false,
    }
}

impl Judgement<'_> {
    pub(super) fn policy_change(&mut self, key: &Description) {
        let policy = match &self.facts.policy {
            Reading::Known(policy) | Reading::Assumed(policy) => policy,
            Reading::Unreadable(error) => return self.draft.unread("what its policy says", error),
            Reading::Absent => return self.draft.doubt("what its policy says: it has none"),
            Reading::NotAsked => return self.draft.doubt("what its policy says: nobody asked"),
        };
        self.services(key, policy);
        self.outsiders(key, policy);
        self.administration(key, policy);
    }

    fn services(&mut self, key: &Description, policy: &KeyPolicy) {
        let mut shut = Shut::default();
        match &self.facts.trails {
            Reading::Known(trails) | Reading::Assumed(trails) => {
                for trail in trails {
                    self.trail(&mut shut, policy, trail);
                }
            }
            Reading::Unreadable(error) => {
                self.draft.unread("whether a trail uses it that its policy shuts out", error);
            }
            Reading::Absent | Reading::NotAsked => {
                self.draft.doubt("whether a trail uses it that its policy shuts out: nobody asked");
            }
        }
        match &self.facts.log_groups {
            Reading::Known(groups) | Reading::Assumed(groups) => self.log_groups(&mut shut, policy, groups),
            Reading::Unreadable(error) => {
                self.draft.unread("whether a log group uses it that its policy shuts out", error);
            }
            Reading::Absent | Reading::NotAsked => {
                self.draft.doubt("whether a log group uses it that its policy shuts out: nobody asked");
            }
        }
        if shut.out.is_empty() {
            return;
        }
        let mut evidence: Vec<String> = shut.out.iter().take(NAMED).cloned().collect();
        evidence.extend(rest(shut.out.len()));
        evidence.extend(self.difference(policy));
        let mut remedies = Vec::new();
        if shut.denied {
            remedies.push(findings::step("narrow the Deny statement so that it leaves the service out"));
        }
        if !shut.statements.is_empty() {
            remedies.extend(add_statements(&key.arn, shut.statements));
        }
        let finding = findings::finding(
            "key.service-access-lost",
            Severity::Critical,
            format!("the policy of key {} shuts out services that use it", key.arn.id()),
            evidence,
        );
        self.draft.found(Finding { remedies, ..finding }, None);
    }

    fn trail(&mut self, shut: &mut Shut, policy: &KeyPolicy, trail: &TrailArn) {
        let access = trail_access(policy, &self.key, trail);
        let had = self.had(|earlier| trail_access(earlier, &self.key, trail));
        self.service(shut, access, had, &format!("CloudTrail for the trail {trail}"));
    }

    fn log_groups(&mut self, shut: &mut Shut, policy: &KeyPolicy, groups: &LogGroups) {
        for group in &groups.using {
            self.log_group(shut, policy, group);
        }
        if let Some(error) = &groups.cut_short {
            let what = format!(
                "whether a log group uses it that its policy shuts out: {} were looked at, then",
                groups.looked_at
            );
            self.draft.unread(&what, error);
        }
    }

    fn log_group(&mut self, shut: &mut Shut, policy: &KeyPolicy, group: &LogGroupArn) {
        let access = logs_access(policy, &self.key, group);
        let had = self.had(|earlier| logs_access(earlier, &self.key, group));
        self.service(shut, access, had, &format!("CloudWatch Logs for the log group {}", group.name()));
    }

    fn had(&self, access: impl FnOnce(&KeyPolicy) -> ServiceAccess) -> Option<ServiceAccess> {
        self.facts.earlier_policy.known().map(access)
    }

    fn service(&mut self, shut: &mut Shut, now: ServiceAccess, had: Option<ServiceAccess>, who: &str) {
        let before = match had {
            Some(ServiceAccess::Missing { .. } | ServiceAccess::Denied { .. }) => ", as the earlier one did",
            Some(ServiceAccess::Allowed | ServiceAccess::Unknown { .. }) | None => "",
        };
        match now {
            ServiceAccess::Allowed => {}
            ServiceAccess::Missing { actions, statements } => {
                shut.out.push(format!("it doesn't let {who} use {}{before}", actions.join(", ")));
                statements.into_iter().for_each(|statement| {
                    if !shut.statements.contains(&statement) {
                        shut.statements.push(statement);
                    }
                });
            }
            ServiceAccess::Denied { actions, by } => {
                shut.denied = true;
                shut.out.push(format!("it denies {who} {}: {by}{before}", actions.join(", ")));
            }
            ServiceAccess::Unknown { why, .. } => {
                self.draft.doubt(&format!("whether its policy lets in {who}: {}", why.join("; ")));
            }
        }
    }

    fn outsiders(&mut self, key: &Description, policy: &KeyPolicy) {
        let earlier = match &self.facts.earlier_policy {
            Reading::Known(earlier) => Some(earlier),
            Reading::Assumed(_) | Reading::Absent | Reading::Unreadable(_) | Reading::NotAsked => None,
        };
        let Openings { found: mut gained, not_asked } = openings(policy, earlier, &key.arn);
        if not_asked > 0 {
            self.draft.doubt(&format!(
                "whether its policy lets in {not_asked} more whom it names: they are too many"
            ));
        }
        if gained.is_empty() {
            return;
        }
        let is_open = |it: &Opening| it.who.is_anybody() && !it.surely.is_empty();
        gained.sort_by_key(|it| !is_open(it));
        let everyone = gained.iter().any(is_open);
        let (severity, whom) = match (everyone, &earlier) {
            (true, _) => (Severity::Critical, "everyone with an AWS account"),
            (false, Some(_)) => (Severity::High, "somebody outside its account who wasn't let in so before"),
            (false, None) => (Severity::Medium, "somebody outside its account"),
        };
        let mut evidence: Vec<String> = gained.iter().take(NAMED).flat_map(told).collect();
        evidence.extend(rest(gained.len()));
        if earlier.is_none() {
            evidence.push(format!("whether that is new can't be told: {}", self.why_no_earlier()));
        } else {
            evidence.extend(self.difference(policy));
        }
        let finding = findings::finding(
            "key.opened-outside",
            severity,
            format!("the policy of key {} lets in {whom}", key.arn.id()),
            evidence,
        );
        let grants = |verb: &str, option: &str| {
            let (region, key) = (&key.arn.place().region, &key.arn);
            Remedy::Command(format!("aws kms {verb} --region {region} --key-id {key}{option}"))
        };
        let remedies = vec![
            findings::step(
                "ask the caller why; if nobody outside is meant to use it, write the key policy to a file:",
            ),
            get_policy(&key.arn),
            findings::step(format!(
                "take whom nobody meant to let in out of {}; a statement that is for nobody else goes as a whole",
                listed(&statements(&gained), ", ")
            )),
            findings::step("and put it back:"),
            put_policy(&key.arn),
            findings::step("whoever was let in may have made grants, which outlast the policy:"),
            grants("list-grants", ""),
            findings::step("revoke each that nobody meant:"),
            grants("revoke-grant", " --grant-id GRANT_ID"),
        ];
        self.draft.found(Finding { remedies, ..finding }, None);
    }

    fn administration(&mut self, key: &Description, policy: &KeyPolicy) {
        let bypassed = bypasses_lockout_check(self.change);
        match administration(policy, &key.arn) {
            Administration::Kept => {}
            // Nobody has shown that the conditions can be met, as KMS's own check does for the caller of that moment.
            Administration::UnderConditions(why) if bypassed => self.draft.doubt(&format!(
                "whether its account can still change its policy, for the call asked KMS not to check that, and it hangs on: {}",
                listed(&why, "; ")
            )),
            Administration::UnderConditions(why) => self
                .draft
                .reasons
                .push(format!("its account can change its policy only under conditions: {}", listed(&why, "; "))),
            Administration::Lost => {
                let mut evidence = vec![format!(
                    "no statement lets anybody of account {} call kms:PutKeyPolicy",
                    key.arn.place().account
                )];
                evidence.extend(bypassed.then(|| "the call asked KMS not to check that".to_owned()));
                evidence.extend(self.difference(policy));
                let finding = findings::finding(
                    "key.administration-lost",
                    Severity::Critical,
                    format!("nobody of its account can change the policy of key {} any more", key.arn.id()),
                    evidence,
                );
                let remedies = vec![findings::step(
                    "if somebody whom the policy still lets in can't put it right, only AWS Support can: open a case, and until then put nothing new under the key",
                )];
                self.draft.found(Finding { remedies, ..finding }, None);
            }
        }
    }

    fn why_no_earlier(&self) -> String {
        match &self.facts.earlier_policy {
            Reading::Unreadable(error) => format!("the earlier policy can't be read: {}", error.why),
            Reading::Known(_) | Reading::Assumed(_) | Reading::Absent | Reading::NotAsked => {
                "no history tells what the policy was before".to_owned()
            }
        }
    }

    /// What was taken out of the policy and put into it.
    fn difference(&self, policy: &KeyPolicy) -> Vec<String> {
        let Reading::Known(earlier) = &self.facts.earlier_policy else {
            return vec![self.why_no_earlier()];
        };
        let (before, after) = (earlier.statements_as_written(), policy.statements_as_written());
        let written = |statement: &Value| clean(&statement.to_string(), 700);
        let gone =
            before.iter().filter(|it| !after.contains(it)).map(|it| format!("taken out: {}", written(it)));
        let new = after.iter().filter(|it| !before.contains(it)).map(|it| format!("put in: {}", written(it)));
        let lines: Vec<String> = gone.chain(new).collect();
        if lines.is_empty() {
            vec!["its statements are those of the earlier policy".to_owned()]
        } else {
            lines
        }
    }
}

/// What an opening lets somebody do, surely and under conditions.
fn told(opening: &Opening) -> Vec<String> {
    let Opening { who, surely, perhaps, by, conditions, at_will } = opening;
    let actions = |actions: &BTreeSet<&str>| {
        if actions.len() == ACTIONS_ACROSS_ACCOUNTS.len() {
            return "all that other accounts can be let do".to_owned();
        }
        actions.iter().copied().collect::<Vec<_>>().join(", ")
    };
    let (who, by) = (who.described(), listed(by, ", "));
    let surely = (!surely.is_empty()).then(|| format!("it lets in {who}, by {by}: {}", actions(surely)));
    let perhaps = (!perhaps.is_empty()).then(|| {
        format!(
            "it may let in {who}, by {by}: {}, which hangs on {}",
            actions(perhaps),
            listed(conditions, "; ")
        )
    });
    let at_will = (!at_will.is_empty())
        .then(|| format!("conditions that whoever calls can meet: {}", listed(at_will, "; ")));
    surely.into_iter().chain(perhaps).chain(at_will).collect()
}

/// The statements that let somebody in, each once. A name that isn't one word is left out: it is the caller's to choose, and might
/// read as something to do.
fn statements(openings: &[Opening]) -> Vec<String> {
    let mut statements = Vec::new();
    for by in openings.iter().flat_map(|opening| &opening.by) {
        let (number, name) = by.split_once(" (").unwrap_or((by, ""));
        let is_word = name.trim_matches(['`', ')']).bytes().all(|it| it.is_ascii_alphanumeric());
        let shown = if is_word { by } else { number };
        if !statements.iter().any(|it| it == shown) {
            statements.push(shown.to_owned());
        }
    }
    statements
}

/// The first of many, and how many more there are.
fn listed(all: &[String], between: &str) -> String {
    let first: Vec<String> = all.iter().take(NAMED).cloned().chain(rest(all.len())).collect();
    first.join(between)
}

fn rest(count: usize) -> Option<String> {
    let more = count.saturating_sub(NAMED);
    (more > 0).then(|| format!("and {more} more"))
}
