//! The log-group guard's scenarios.

use super::{Ensured, Ids, Scenario};
use crate::samples::rules::Rules;
use sealwatch_policy::guards::Guard;
use sealwatch_policy::plan::Verdict::{self, Compliant, Exempt, Ignored, Unknown};

const UNENCRYPTED: &str = "log-group.unencrypted";
const KEY_REMOVED: &str = "log-group.key-removed";
const UNAPPROVED_KEY: &str = "log-group.unapproved-key";
const KEY_UNUSABLE: &str = "log-group.key-unusable";
const ATTEMPT_DENIED: &str = "log-group.attempt-denied";
const STATE_UNKNOWN: &str = "log-group.state-unknown";
const TARGET_UNCLEAR: &str = "log-group.target-unclear";
const RESULTS_KEY_REMOVED: &str = "query-results.key-removed";
const RESULTS_UNAPPROVED_KEY: &str = "query-results.unapproved-key";

const LOGS_KEY: (&str, &str) = ("log-group-key", "key/1a2b3c4d-1111-4a4a-8b8b-000000000001");
const ANALYTICS_KEY: (&str, &str) = ("log-group-key", "key/1a2b3c4d-3333-4a4a-8b8b-000000000003");
const ASSUMED_KEY: (&str, &str) = ("log-group-key", "alias/logs");

super::of_guard!(Guard::LogGroup);

pub const SCENARIOS: &[Scenario] = &[
    // Creation.
    quiet(
        "created-with-key",
        Rules::Remediate,
        Compliant,
        &[UNENCRYPTED],
        "a group that is born with its key needs nothing",
    ),
    found(
        "created-without-key",
        Rules::Remediate,
        &[UNENCRYPTED],
        &[LOGS_KEY],
        &[KEY_UNUSABLE, KEY_REMOVED],
        "a group without a key gets the key behind the rule's alias, by the key's ARN",
    ),
    Scenario {
        outcome: "withheld",
        page: Some("withheld"),
        ..found(
            "created-without-key",
            Rules::Shipped,
            &[UNENCRYPTED],
            &[LOGS_KEY],
            &[],
            "the policy that ships observes: the repair and the page are shown, and neither happens",
        )
    },
    Scenario {
        outcome: "withheld",
        ..found(
            "created-without-key",
            Rules::Page,
            &[UNENCRYPTED],
            &[LOGS_KEY],
            &[],
            "mode page pages and withholds the repair",
        )
    },
    Scenario {
        page: None,
        ..found(
            "created-without-key",
            Rules::PagesFromHigh,
            &[UNENCRYPTED],
            &[LOGS_KEY],
            &[],
            "a medium finding doesn't page where pages begin at high; it is repaired all the same",
        )
    },
    found(
        "created-without-key",
        Rules::NarrowFirst,
        &[UNENCRYPTED],
        &[ANALYTICS_KEY],
        &[],
        "the first rule that matches decides, and its placeholders are those of the group",
    ),
    found(
        "created-without-key",
        Rules::NoRule,
        &[UNENCRYPTED],
        &[],
        &[],
        "without a rule there is no key to give: a page that asks for one",
    ),
    found(
        "created-without-key",
        Rules::KeyElsewhere,
        &[KEY_UNUSABLE, UNENCRYPTED],
        &[],
        &[],
        "a key of another Region can't serve, so the group stays as it is and a person is told",
    ),
    quiet(
        "created-name-taken",
        Rules::Remediate,
        Ignored,
        &[ATTEMPT_DENIED, TARGET_UNCLEAR],
        "a creation that failed changed nothing and weakened nothing, although the record names no group",
    ),
    found(
        "created-sibling-without-key",
        Rules::Remediate,
        &[UNENCRYPTED],
        &[LOGS_KEY],
        &[],
        "exactly /payments/api-canary is repaired, never /payments/api whose name it begins with",
    ),
    found(
        "created-for-dev-function",
        Rules::Remediate,
        &[UNENCRYPTED],
        &[LOGS_KEY],
        &[],
        "a group that Lambda made for a function is a group like any other",
    ),
    quiet(
        "created-for-dev-function",
        Rules::Exemptions,
        Exempt,
        &[UNENCRYPTED],
        "its name is exempt: a receipt with the reason, no page",
    ),
    quiet(
        "created-for-dev-function",
        Rules::ExemptionsLastDay,
        Exempt,
        &[UNENCRYPTED],
        "an exemption still holds on its last day",
    ),
    found(
        "created-for-dev-function",
        Rules::ExemptionsPassed,
        &[UNENCRYPTED],
        &[LOGS_KEY],
        &[],
        "the day after, it holds no more",
    ),
    found(
        "created-tagged-scratch",
        Rules::Remediate,
        &[UNENCRYPTED],
        &[LOGS_KEY],
        &[],
        "tags mean nothing to a policy that doesn't name them",
    ),
    quiet(
        "created-tagged-scratch",
        Rules::Exemptions,
        Exempt,
        &[UNENCRYPTED, KEY_UNUSABLE],
        "its tag is exempt",
    ),
    found(
        "created-where-key-shuts-logs-out",
        Rules::Remediate,
        &[KEY_UNUSABLE, UNENCRYPTED],
        &[],
        &[],
        "the key's policy has no word for CloudWatch Logs: no repair, and the missing statement to paste",
    ),
    found(
        "created-where-key-is-dying",
        Rules::Remediate,
        &[KEY_UNUSABLE, UNENCRYPTED],
        &[],
        &[],
        "a key that is scheduled for deletion would take the logs with it: no repair",
    ),
    found(
        "created-where-key-policy-is-unclear",
        Rules::Remediate,
        &[KEY_UNUSABLE, UNENCRYPTED],
        &[],
        &[],
        "a Deny by IP address may or may not hit CloudWatch Logs: can't tell, so no repair",
    ),
    found(
        "created-in-china",
        Rules::Remediate,
        &[UNENCRYPTED],
        &[ASSUMED_KEY],
        &[KEY_UNUSABLE],
        "nothing tells of that Region's key: it is taken as usable, and the receipt says so",
    ),
    Scenario {
        verdict: Unknown,
        ..found(
            "created-request-omitted",
            Rules::Remediate,
            &[TARGET_UNCLEAR],
            &[],
            &[],
            "CloudTrail left the parameters out: nobody can tell which group, so a person is told",
        )
    },
    found(
        "created-by-hostile-caller",
        Rules::Remediate,
        &[UNENCRYPTED],
        &[LOGS_KEY],
        &[],
        "what the caller wrote stands in one line, cut and escaped, and changes no word of the verdict",
    ),
    // Association.
    quiet(
        "key-associated-by-name",
        Rules::Remediate,
        Compliant,
        &[UNENCRYPTED, ATTEMPT_DENIED],
        "a key was associated and serves",
    ),
    quiet(
        "key-associated-by-arn",
        Rules::Remediate,
        Compliant,
        &[UNAPPROVED_KEY, TARGET_UNCLEAR],
        "without approved_keys any key of this account is fine, also when the group is named by its ARN",
    ),
    found(
        "key-associated-by-arn",
        Rules::ApprovedAlias,
        &[UNAPPROVED_KEY],
        &[],
        &[STATE_UNKNOWN],
        "a key that isn't approved is a finding; taking it away again is left to a person",
    ),
    Scenario {
        verdict: Unknown,
        ..found(
            "key-associated-by-arn",
            Rules::ApprovedStranger,
            &[STATE_UNKNOWN],
            &[],
            &[UNAPPROVED_KEY],
            "nothing tells which key the approved alias stands for: can't tell, so a page",
        )
    },
    found(
        "key-associated-of-another-account",
        Rules::Remediate,
        &[UNAPPROVED_KEY],
        &[],
        &[KEY_REMOVED],
        "without approved_keys any key of this account is fine: another account would decide who reads the group",
    ),
    quiet(
        "key-associated-by-arn-with-star",
        Rules::ApprovedAlias,
        Compliant,
        &[UNAPPROVED_KEY, TARGET_UNCLEAR],
        "an ARN that ends in :* names the same group, and the approved alias leads to its key",
    ),
    quiet(
        "key-associated-by-arn-with-star",
        Rules::ApprovedPattern,
        Compliant,
        &[UNAPPROVED_KEY],
        "a wildcard over key ARNs approves it too",
    ),
    quiet(
        "key-association-refused",
        Rules::ApprovedAlias,
        Ignored,
        &[ATTEMPT_DENIED, UNAPPROVED_KEY],
        "AWS refused the key: nothing changed, and nobody tried to weaken anything",
    ),
    // Removal.
    found(
        "key-removed-by-name",
        Rules::Remediate,
        &[KEY_REMOVED],
        &[LOGS_KEY],
        &[UNENCRYPTED],
        "the key was taken away and is given back; the siblings keep theirs",
    ),
    found(
        "key-removed-by-name",
        Rules::Exemptions,
        &[KEY_REMOVED],
        &[LOGS_KEY],
        &[],
        "exemptions of others don't cover it",
    ),
    found(
        "key-removed-by-arn",
        Rules::Remediate,
        &[KEY_REMOVED],
        &[LOGS_KEY],
        &[TARGET_UNCLEAR],
        "the same call with a resourceIdentifier is no way around the guard",
    ),
    found(
        "key-removed-by-arn-with-star",
        Rules::Remediate,
        &[KEY_REMOVED],
        &[LOGS_KEY],
        &[TARGET_UNCLEAR],
        "nor with an ARN that ends in :*",
    ),
    found(
        "key-removal-denied",
        Rules::Remediate,
        &[ATTEMPT_DENIED],
        &[],
        &[KEY_REMOVED, TARGET_UNCLEAR],
        "somebody tried and was refused: worth a line, and nothing to repair",
    ),
    Scenario {
        page: None,
        ..found(
            "key-removal-denied",
            Rules::PagesFromHigh,
            &[ATTEMPT_DENIED],
            &[],
            &[],
            "an attempt is low: it stays a receipt where pages begin at high",
        )
    },
    found(
        "key-removed-by-break-glass",
        Rules::Remediate,
        &[KEY_REMOVED],
        &[LOGS_KEY],
        &[],
        "an emergency role is nobody special to a policy that doesn't name it",
    ),
    quiet(
        "key-removed-by-break-glass",
        Rules::Exemptions,
        Exempt,
        &[KEY_REMOVED],
        "the role behind the session is exempt",
    ),
    found(
        "key-removed-by-break-glass",
        Rules::ExemptionsPassed,
        &[KEY_REMOVED],
        &[LOGS_KEY],
        &[],
        "its exemption has ended",
    ),
    // Query results.
    found(
        "query-results-key-removed",
        Rules::Remediate,
        &[RESULTS_KEY_REMOVED],
        &[],
        &[KEY_REMOVED, TARGET_UNCLEAR],
        "query results lost their key; no API shows it, so a person is told",
    ),
    found(
        "query-results-key-removal-denied",
        Rules::Remediate,
        &[ATTEMPT_DENIED],
        &[],
        &[RESULTS_KEY_REMOVED],
        "an attempt on query results that was refused",
    ),
    quiet(
        "query-results-key-associated",
        Rules::ApprovedPattern,
        Compliant,
        &[RESULTS_UNAPPROVED_KEY, RESULTS_KEY_REMOVED],
        "query results got an approved key",
    ),
    quiet(
        "query-results-other-key",
        Rules::Remediate,
        Compliant,
        &[RESULTS_UNAPPROVED_KEY],
        "without approved_keys any key is fine",
    ),
    found(
        "query-results-other-key",
        Rules::ApprovedPattern,
        &[RESULTS_UNAPPROVED_KEY],
        &[],
        &[],
        "query results got a key that isn't approved",
    ),
    Scenario {
        verdict: Unknown,
        ..found(
            "query-results-other-key",
            Rules::ApprovedAlias,
            &[RESULTS_UNAPPROVED_KEY],
            &[],
            &[],
            "an approved alias isn't resolved for query results: can't tell, so a page",
        )
    },
];
