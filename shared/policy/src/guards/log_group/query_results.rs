//! Decides about the key of stored query results.
//!
//! No API shows which key query results use, so the recorded call is all there is to judge by: it can
//! page, and never leads to an effect.

use super::findings::OF_NO_KNOWN_ACCOUNT;
use super::{Call, Effect, is_of_a_known_account};
use crate::change::Change;
use crate::names::Place;
use crate::plan::{Finding, Plan, Remedy, Severity, Verdict};
use crate::policy::{ApprovedKey, Policy};
use crate::untrusted::clean;

pub(super) fn decide(policy: &Policy, change: &Change, place: &Place) -> Plan<Effect> {
    const REASON: &str = "no API shows the key of query results; this is what the recorded call says";
    match Call::of(change) {
        Some(Call::Disassociate) => {
            let summary = "the KMS key of stored query results was taken away".to_owned();
            let evidence = vec!["a DisassociateKmsKey call on query-result succeeded".to_owned()];
            Plan::found(
                Verdict::Violation,
                finding("query-results.key-removed", summary, evidence, place),
                REASON,
            )
        }
        Some(Call::Create | Call::Associate) | None => match unapproved(policy, change, place) {
            None => Plan::settled(Verdict::Compliant, REASON),
            Some((verdict, evidence)) => {
                let summary = "stored query results got a key that isn't known to be approved".to_owned();
                let finding = finding("query-results.unapproved-key", summary, vec![evidence], place);
                Plan::found(verdict, finding, REASON)
            }
        },
    }
}

/// Why the key of an AssociateKmsKey call isn't known to be approved; `None` if it is.
fn unapproved(policy: &Policy, change: &Change, place: &Place) -> Option<(Verdict, String)> {
    let Some(key) = change.request_text("kmsKeyId") else {
        return Some((Verdict::Unknown, "the record doesn't say which key".to_owned()));
    };
    let approved = &policy.log_groups.approved_keys;
    if approved.is_empty() {
        let foreign =
            || (Verdict::Violation, format!("the key is {}: {OF_NO_KNOWN_ACCOUNT}", clean(key, 200)));
        return (!is_of_a_known_account(policy, place, key)).then(foreign);
    }
    let mut aliases = false;
    for entry in approved {
        let reference = match entry {
            ApprovedKey::Pattern(_) if entry.is_pattern_of(key, place) => return None,
            ApprovedKey::Pattern(_) => continue,
            ApprovedKey::Key(template) => template.at(place).ok(),
        };
        match reference.map(|reference| reference.to_string()) {
            Some(reference) if reference == key => return None,
            Some(reference) => aliases |= reference.contains(":alias/"),
            None => {}
        }
    }
    let shown = clean(key, 200);
    Some(if aliases {
        (Verdict::Unknown, format!("the key is {shown}; approved aliases are not resolved for query results"))
    } else {
        (Verdict::Violation, format!("the key is {shown}"))
    })
}

fn finding(id: &'static str, summary: String, evidence: Vec<String>, place: &Place) -> Finding {
    let Place { account, region } = place;
    let command = format!(
        "aws logs associate-kms-key --region {region} --resource-identifier 'arn:{}:logs:{region}:{account}:query-result:*' --kms-key-id KEY_ARN",
        region.partition()
    );
    let remedies = vec![Remedy::Step("associate the right key:".to_owned()), Remedy::Command(command)];
    Finding { id, severity: Severity::Medium, summary, evidence, remedies, mended_by: None }
}
