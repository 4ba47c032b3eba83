//! The key guard's scenarios.

use super::{Ensured, Ids, Scenario};
use crate::samples::rules::Rules;
use sealwatch_policy::guards::Guard;
use sealwatch_policy::plan::Verdict::{self, Compliant, Exempt, Ignored, Unknown};

const DELETION_SCHEDULED: &str = "key.deletion-scheduled";
const DISABLED: &str = "key.disabled";
const SERVICE_ACCESS_LOST: &str = "key.service-access-lost";
const OPENED_OUTSIDE: &str = "key.opened-outside";
const ADMINISTRATION_LOST: &str = "key.administration-lost";
const MATERIAL_DELETED: &str = "key.material-deleted";
const ROTATION_OFF: &str = "key.rotation-off";
const ALIAS_MOVED: &str = "key.alias-moved";
const DELETED: &str = "key.deleted";
const STATE_UNKNOWN: &str = "key.state-unknown";
const TARGET_UNCLEAR: &str = "key.target-unclear";
const ATTEMPT_DENIED: &str = "key.attempt-denied";

const CANCEL: (&str, &str) = ("key-not-pending-deletion", "");
const ENABLE: (&str, &str) = ("key-enabled", "");

super::of_guard!(Guard::Key);

/// A key is scheduled for deletion, and in use.
const fn scheduled(file: &'static str, rules: Rules, effects: Ensured, expect: &'static str) -> Scenario {
    found(file, rules, &[DELETION_SCHEDULED], effects, &[DELETED, DISABLED, STATE_UNKNOWN], expect)
}

/// What can't be told pages, and nothing is written.
const fn unsure(
    file: &'static str,
    rules: Rules,
    findings: Ids,
    near: Ids,
    expect: &'static str,
) -> Scenario {
    Scenario { verdict: Unknown, ..found(file, rules, findings, &[], near, expect) }
}

pub const SCENARIOS: &[Scenario] = &[
    // Scheduled for deletion: what shows use.
    scheduled(
        "scheduled-under-log-group",
        Rules::Remediate,
        &[CANCEL, ENABLE],
        "a log group encrypts with it: critical, the deletion is cancelled and the key enabled again",
    ),
    Scenario {
        outcome: "withheld",
        page: Some("withheld"),
        ..scheduled(
            "scheduled-under-log-group",
            Rules::Shipped,
            &[CANCEL, ENABLE],
            "the policy that ships observes: nothing is written, nobody is paged",
        )
    },
    Scenario {
        outcome: "withheld",
        ..scheduled(
            "scheduled-under-log-group",
            Rules::Page,
            &[CANCEL, ENABLE],
            "without the right to write, the page has the commands",
        )
    },
    scheduled(
        "scheduled-under-log-group",
        Rules::KeyExemptions,
        &[CANCEL, ENABLE],
        "exemptions of other keys don't cover it",
    ),
    scheduled(
        "scheduled-under-trail",
        Rules::Remediate,
        &[CANCEL, ENABLE],
        "a trail encrypts with it; nothing else shows use, and nothing else is needed",
    ),
    scheduled(
        "scheduled-though-used-lately",
        Rules::Remediate,
        &[CANCEL, ENABLE],
        "KMS saw it decrypt two weeks ago",
    ),
    scheduled(
        "scheduled-under-disk",
        Rules::Remediate,
        &[CANCEL, ENABLE],
        "not used for five months, and yet a running instance's disk hangs on it: EC2 holds a grant",
    ),
    scheduled(
        "scheduled-under-table",
        Rules::Remediate,
        &[CANCEL, ENABLE],
        "not used for half a year, and yet a service holds a grant for what it keeps",
    ),
    scheduled(
        "scheduled-though-shared",
        Rules::Remediate,
        &[CANCEL, ENABLE],
        "shared with other accounts, whose use of it nobody can see from here",
    ),
    scheduled(
        "scheduled-with-protected-alias",
        Rules::KeyProtection,
        &[CANCEL, ENABLE],
        "never used, and protected by its alias whatever the evidence says",
    ),
    scheduled(
        "scheduled-with-protected-alias",
        Rules::Remediate,
        &[],
        "an alias protects nothing unless policy says so",
    ),
    scheduled(
        "scheduled-with-protected-tag",
        Rules::KeyProtection,
        &[CANCEL, ENABLE],
        "never used, and protected by its tag",
    ),
    scheduled(
        "scheduled-with-protected-tag",
        Rules::Remediate,
        &[],
        "a tag protects nothing unless policy says so",
    ),
    scheduled(
        "scheduled-unused",
        Rules::Remediate,
        &[],
        "made while KMS tracks uses, and never used: somebody tidies up; told as low, and left alone",
    ),
    scheduled(
        "scheduled-unused",
        Rules::UnusedKeysMatter,
        &[],
        "how bad that is, policy says; a repair doesn't follow from it",
    ),
    Scenario {
        page: None,
        ..scheduled(
            "scheduled-unused",
            Rules::PagesFromHigh,
            &[],
            "it stays a receipt where pages begin at high",
        )
    },
    unsure(
        "scheduled-older-than-tracking",
        Rules::Remediate,
        &[DELETION_SCHEDULED],
        &[STATE_UNKNOWN],
        "no use since April 2026 says nothing of what it encrypted before: high, and a person decides",
    ),
    unsure(
        "scheduled-with-use-not-told",
        Rules::Remediate,
        &[DELETION_SCHEDULED],
        &[STATE_UNKNOWN],
        "nothing tells when it was last used: silence is no evidence",
    ),
    // Scheduled for deletion: what the key was before.
    scheduled(
        "scheduled-while-disabled",
        Rules::Remediate,
        &[CANCEL],
        "a key that was disabled before it was scheduled stays disabled",
    ),
    found(
        "scheduled-with-past-not-told",
        Rules::Remediate,
        &[DELETION_SCHEDULED, STATE_UNKNOWN],
        &[CANCEL],
        &[DISABLED],
        "whether it was enabled can't be told: rescued, and left disabled with the command in the page",
    ),
    // Scheduled for deletion: kinds of keys.
    scheduled(
        "scheduled-primary-with-replicas",
        Rules::Remediate,
        &[CANCEL, ENABLE],
        "a primary waits for its replicas to die and has no date yet",
    ),
    scheduled(
        "scheduled-replica",
        Rules::Remediate,
        &[CANCEL, ENABLE],
        "a replica that a log group of its Region uses; its primary is another key, and left alone",
    ),
    scheduled(
        "scheduled-with-imported-material",
        Rules::Remediate,
        &[CANCEL, ENABLE],
        "imported material dies with the key, and KMS has no copy",
    ),
    scheduled(
        "scheduled-in-key-store",
        Rules::Remediate,
        &[CANCEL, ENABLE],
        "a key of a custom key store is rescued like others",
    ),
    // Scheduled for deletion: who is exempt.
    scheduled(
        "scheduled-by-break-glass",
        Rules::Remediate,
        &[CANCEL, ENABLE],
        "an emergency role is nobody special to a policy that doesn't name it",
    ),
    quiet(
        "scheduled-by-break-glass",
        Rules::KeyExemptions,
        Exempt,
        &[DELETION_SCHEDULED],
        "the role behind the session is exempt",
    ),
    quiet(
        "scheduled-tagged-scratch",
        Rules::KeyExemptions,
        Exempt,
        &[DELETION_SCHEDULED],
        "its tag is exempt, whatever uses it",
    ),
    scheduled(
        "scheduled-tagged-scratch",
        Rules::Remediate,
        &[CANCEL, ENABLE],
        "tags mean nothing to a policy that doesn't name them",
    ),
    quiet(
        "scheduled-dev-key",
        Rules::KeyExemptions,
        Exempt,
        &[DELETION_SCHEDULED],
        "its only alias is exempt: a receipt with the reason, no page",
    ),
    scheduled(
        "scheduled-dev-key",
        Rules::Exemptions,
        &[CANCEL, ENABLE],
        "exemptions of log groups don't cover keys",
    ),
    scheduled(
        "scheduled-dev-key-with-another-alias",
        Rules::KeyExemptions,
        &[CANCEL, ENABLE],
        "one alias is exempt and the other isn't: an alias more is quickly made, so the key isn't exempt",
    ),
    scheduled(
        "scheduled-protected-though-tagged-scratch",
        Rules::KeyExemptions,
        &[CANCEL, ENABLE],
        "protected by its alias and exempt by its tag: protection wins",
    ),
    // Scheduled for deletion: how the call names the key.
    found(
        "scheduled-named-in-resources-only",
        Rules::Remediate,
        &[DELETION_SCHEDULED],
        &[CANCEL, ENABLE],
        &[TARGET_UNCLEAR, DELETED],
        "parameters and answer are missing; the list of resources names the key",
    ),
    unsure(
        "scheduled-request-omitted",
        Rules::Remediate,
        &[TARGET_UNCLEAR],
        &[DELETION_SCHEDULED, STATE_UNKNOWN],
        "nobody can tell which key, so a person is told",
    ),
    found(
        "scheduling-denied",
        Rules::Remediate,
        &[ATTEMPT_DENIED],
        &[],
        &[DELETION_SCHEDULED, TARGET_UNCLEAR],
        "somebody tried and was refused; the record doesn't say on which key",
    ),
    found(
        "scheduling-by-alias-refused",
        Rules::Remediate,
        &[ATTEMPT_DENIED],
        &[],
        &[DELETION_SCHEDULED, TARGET_UNCLEAR],
        "KMS takes no alias for this call: nothing was changed",
    ),
    // Cancelled, enabled, disabled.
    found(
        "cancelled-and-left-disabled",
        Rules::Remediate,
        &[DISABLED],
        &[],
        &[DELETION_SCHEDULED],
        "a person cancelled the deletion and forgot to enable the key; what it was before isn't told, so it is only told",
    ),
    quiet(
        "enabled-by-sealwatch",
        Rules::Remediate,
        Compliant,
        &[DISABLED, DELETION_SCHEDULED],
        "Sealwatch's own repair comes back as an event and finds nothing to do",
    ),
    found(
        "disabled-under-log-group",
        Rules::Remediate,
        &[DISABLED],
        &[ENABLE],
        &[DELETION_SCHEDULED, STATE_UNKNOWN],
        "a log group can't write any more: enabled again",
    ),
    found(
        "disabled-in-china",
        Rules::Remediate,
        &[DISABLED],
        &[ENABLE],
        &[STATE_UNKNOWN],
        "the same in another partition, for a key that was used the day before",
    ),
    found(
        "disabled-unused",
        Rules::Remediate,
        &[DISABLED],
        &[],
        &[STATE_UNKNOWN],
        "disabling is how one finds out whether a key is needed: told as low, and left alone",
    ),
    found(
        "disabling-by-alias-arn-refused",
        Rules::Remediate,
        &[ATTEMPT_DENIED],
        &[],
        &[DISABLED],
        "KMS takes no alias for this call: nothing was changed",
    ),
    quiet(
        "enabling-denied",
        Rules::Remediate,
        Ignored,
        &[ATTEMPT_DENIED],
        "a call that would have strengthened something failed: no attempt to weaken",
    ),
    // Policies.
    found(
        "policy-put-shuts-logs-out",
        Rules::Remediate,
        &[SERVICE_ACCESS_LOST],
        &[],
        &[OPENED_OUTSIDE, ADMINISTRATION_LOST, STATE_UNKNOWN],
        "the statement for CloudWatch Logs is gone while two log groups use the key: told with the statement to add",
    ),
    found(
        "policy-put-shuts-cloudtrail-out",
        Rules::Remediate,
        &[SERVICE_ACCESS_LOST],
        &[],
        &[ADMINISTRATION_LOST, STATE_UNKNOWN],
        "a Deny for all shuts CloudTrail out, although its own statements stand",
    ),
    found(
        "policy-put-opens-to-account",
        Rules::Remediate,
        &[OPENED_OUTSIDE],
        &[],
        &[SERVICE_ACCESS_LOST, ADMINISTRATION_LOST],
        "another account may decrypt now",
    ),
    found(
        "policy-put-opens-to-everyone",
        Rules::Remediate,
        &[OPENED_OUTSIDE],
        &[],
        &[SERVICE_ACCESS_LOST],
        "everyone with an AWS account may do everything: critical",
    ),
    found(
        "policy-put-opens-to-everyone-at-will",
        Rules::Remediate,
        &[OPENED_OUTSIDE],
        &[],
        &[SERVICE_ACCESS_LOST],
        "a principal `*` that only has to come through S3, as anybody can: critical, for everyone",
    ),
    found(
        "policy-put-opens-through-service",
        Rules::Remediate,
        &[OPENED_OUTSIDE],
        &[],
        &[SERVICE_ACCESS_LOST, ADMINISTRATION_LOST],
        "S3 may decrypt for another account, which a condition names",
    ),
    found(
        "policy-put-opens-with-past-not-told",
        Rules::Remediate,
        &[OPENED_OUTSIDE],
        &[],
        &[STATE_UNKNOWN],
        "whether the other account was let in before isn't known: one step lower, and said so",
    ),
    quiet(
        "policy-put-by-cloudtrail-console",
        Rules::Remediate,
        Compliant,
        &[OPENED_OUTSIDE, SERVICE_ACCESS_LOST],
        "the console writes a principal `*` and limits it to the account: nobody outside is let in",
    ),
    quiet(
        "policy-put-as-it-was",
        Rules::Remediate,
        Compliant,
        &[SERVICE_ACCESS_LOST, OPENED_OUTSIDE, ADMINISTRATION_LOST],
        "the same statements, written differently",
    ),
    unsure(
        "policy-put-not-understood",
        Rules::Remediate,
        &[STATE_UNKNOWN],
        &[SERVICE_ACCESS_LOST],
        "a Deny by source address may or may not meet CloudWatch Logs: can't tell, so a page",
    ),
    found(
        "policy-put-locks-account-out",
        Rules::Remediate,
        &[ADMINISTRATION_LOST],
        &[],
        &[SERVICE_ACCESS_LOST, OPENED_OUTSIDE],
        "the lockout check was switched off, and nobody may change the policy any more: critical",
    ),
    quiet(
        "policy-put-past-the-lockout-check",
        Rules::Remediate,
        Compliant,
        &[ADMINISTRATION_LOST],
        "the check was switched off, and yet a role keeps the right",
    ),
    found(
        "policy-put-refused",
        Rules::Remediate,
        &[ATTEMPT_DENIED],
        &[],
        &[ADMINISTRATION_LOST],
        "KMS refused a policy that would have locked the account out",
    ),
    // Material.
    found(
        "material-deleted",
        Rules::Remediate,
        &[MATERIAL_DELETED],
        &[],
        &[DELETION_SCHEDULED, STATE_UNKNOWN],
        "no waiting period: critical at once; only who has a copy can bring it back",
    ),
    found(
        "material-deleted-unused",
        Rules::Remediate,
        &[MATERIAL_DELETED],
        &[],
        &[STATE_UNKNOWN],
        "nothing shows use of a young key: told as low",
    ),
    unsure(
        "material-expired",
        Rules::Remediate,
        &[MATERIAL_DELETED],
        &[TARGET_UNCLEAR],
        "KMS itself deleted it; whether the key is in use can't be told, and waiting doesn't help: critical",
    ),
    found(
        "material-expired-told-by-kms",
        Rules::Remediate,
        &[MATERIAL_DELETED],
        &[],
        &[TARGET_UNCLEAR],
        "KMS's own event, which needs no trail",
    ),
    found(
        "material-deletion-denied",
        Rules::Remediate,
        &[ATTEMPT_DENIED],
        &[],
        &[MATERIAL_DELETED],
        "somebody tried to delete material",
    ),
    // Rotation.
    found(
        "rotation-switched-off",
        Rules::Remediate,
        &[ROTATION_OFF],
        &[],
        &[STATE_UNKNOWN],
        "told, and left to a person",
    ),
    found(
        "rotation-of-dev-key-switched-off",
        Rules::Remediate,
        &[ROTATION_OFF],
        &[],
        &[],
        "an alias exempts nothing unless policy says so",
    ),
    quiet(
        "rotation-of-dev-key-switched-off",
        Rules::KeyExemptions,
        Exempt,
        &[ROTATION_OFF],
        "its only alias is exempt",
    ),
    found(
        "rotation-of-signing-key-refused",
        Rules::Remediate,
        &[ATTEMPT_DENIED],
        &[],
        &[ROTATION_OFF],
        "KMS rotates no key of this kind, so nothing was switched off",
    ),
    // Aliases.
    found(
        "alias-moved",
        Rules::Remediate,
        &[ALIAS_MOVED],
        &[],
        &[STATE_UNKNOWN],
        "the alias that policy gives to log groups points to another key: never moved back by itself",
    ),
    found(
        "alias-deleted",
        Rules::Remediate,
        &[ALIAS_MOVED],
        &[],
        &[STATE_UNKNOWN],
        "the alias is gone, and the next log group gets no key by it",
    ),
    found(
        "alias-deleted-that-protects",
        Rules::KeyProtection,
        &[ALIAS_MOVED],
        &[],
        &[],
        "the key's protection fell with the alias",
    ),
    quiet(
        "alias-deleted-that-protects",
        Rules::Remediate,
        Ignored,
        &[ALIAS_MOVED],
        "an alias that policy doesn't name is nobody's business",
    ),
    quiet(
        "alias-set-to-the-same-key",
        Rules::Remediate,
        Compliant,
        &[ALIAS_MOVED],
        "a tool sets what was so already",
    ),
    found(
        "alias-set-with-past-not-told",
        Rules::Remediate,
        &[ALIAS_MOVED],
        &[],
        &[STATE_UNKNOWN],
        "where it pointed before isn't known: one step lower, and said so",
    ),
    quiet(
        "alias-moved-that-no-policy-names",
        Rules::Remediate,
        Ignored,
        &[ALIAS_MOVED],
        "moving aliases is how applications rotate their keys",
    ),
    found(
        "alias-deletion-denied",
        Rules::Remediate,
        &[ATTEMPT_DENIED],
        &[],
        &[ALIAS_MOVED, TARGET_UNCLEAR],
        "the record doesn't say which alias, and policy names one",
    ),
    quiet(
        "alias-deletion-denied",
        Rules::FixedTrailKey,
        Ignored,
        &[ATTEMPT_DENIED],
        "policy names no alias at all",
    ),
    // The end.
    found(
        "deleted-under-log-group",
        Rules::Remediate,
        &[DELETED],
        &[],
        &[DELETION_SCHEDULED, TARGET_UNCLEAR],
        "a log group still names it, and can't be read or written any more: critical",
    ),
    unsure(
        "deleted-in-key-store",
        Rules::Remediate,
        &[DELETED],
        &[TARGET_UNCLEAR],
        "KMS tells no uses of a key that is gone: high, because nothing seen is not nothing lost",
    ),
    unsure(
        "deleted-told-by-kms",
        Rules::Remediate,
        &[DELETED],
        &[TARGET_UNCLEAR, STATE_UNKNOWN],
        "KMS's own event, which needs no trail",
    ),
    // Whatever the caller writes.
    found(
        "policy-put-by-hostile-caller",
        Rules::Remediate,
        &[SERVICE_ACCESS_LOST, OPENED_OUTSIDE],
        &[],
        &[ADMINISTRATION_LOST],
        "what the caller wrote stands in one line, cut and escaped, and changes no word of the verdict",
    ),
];
