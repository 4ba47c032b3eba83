//! The trail guard's scenarios.

use super::{Ensured, Ids, Scenario};
use crate::samples::rules::Rules;
use sealwatch_policy::guards::Guard;
use sealwatch_policy::plan::Verdict::{self, Compliant, Exempt, Ignored, Unknown};

const UNENCRYPTED: &str = "trail.unencrypted";
const LOGGING_STOPPED: &str = "trail.logging-stopped";
const VALIDATION_OFF: &str = "trail.validation-off";
const DELETED: &str = "trail.deleted";
const LAST_TRAIL_GONE: &str = "trail.last-trail-gone";
const EVENTS_EXCLUDED: &str = "trail.management-events-excluded";
const SINGLE_REGION: &str = "trail.single-region";
const REDIRECTED: &str = "trail.redirected";
const KEY_UNUSABLE: &str = "trail.key-unusable";
const ORGANIZATION_OFF: &str = "trail.organization-off";
const KEY_FOREIGN: &str = "trail.key-foreign";
const DELIVERY_FAILING: &str = "trail.delivery-failing";
const STATE_UNKNOWN: &str = "trail.state-unknown";
const TARGET_UNCLEAR: &str = "trail.target-unclear";
const ATTEMPT_DENIED: &str = "trail.attempt-denied";

const LOGGING: (&str, &str) = ("trail-logging", "");
const VALIDATION: (&str, &str) = ("trail-validation", "");
const KEY: (&str, &str) = ("trail-key", "key/1a2b3c4d-6666-4a4a-8b8b-000000000006");

super::of_guard!(Guard::Trail);

pub const SCENARIOS: &[Scenario] = &[
    // Creation.
    found(
        "created-in-full",
        Rules::TrailKey,
        &[LOGGING_STOPPED],
        &[LOGGING],
        &[LAST_TRAIL_GONE, UNENCRYPTED, VALIDATION_OFF, SINGLE_REGION, KEY_UNUSABLE],
        "a new trail isn't logging yet: started, and no alarm about a last trail",
    ),
    found(
        "created-by-quick-create",
        Rules::TrailKey,
        &[LOGGING_STOPPED, UNENCRYPTED, VALIDATION_OFF],
        &[LOGGING, KEY, VALIDATION],
        &[KEY_UNUSABLE, SINGLE_REGION],
        "the console's short form leaves key and validation out: both are given, logging first",
    ),
    found(
        "created-by-quick-create",
        Rules::Remediate,
        &[LOGGING_STOPPED, UNENCRYPTED, VALIDATION_OFF],
        &[LOGGING, VALIDATION],
        &[KEY_UNUSABLE],
        "the policy that ships names no key for trails: the rest is repaired, and the page asks for one",
    ),
    Scenario {
        outcome: "withheld",
        page: Some("withheld"),
        ..found(
            "created-by-quick-create",
            Rules::Shipped,
            &[LOGGING_STOPPED, UNENCRYPTED, VALIDATION_OFF],
            &[LOGGING, VALIDATION],
            &[],
            "the policy that ships observes: nothing is written, nobody is paged",
        )
    },
    Scenario {
        outcome: "withheld",
        ..found(
            "created-by-quick-create",
            Rules::Page,
            &[LOGGING_STOPPED, UNENCRYPTED, VALIDATION_OFF],
            &[LOGGING, VALIDATION],
            &[],
            "mode page pages and withholds the repairs",
        )
    },
    found(
        "created-by-quick-create",
        Rules::OnlyLogging,
        &[LOGGING_STOPPED],
        &[LOGGING],
        &[UNENCRYPTED, VALIDATION_OFF],
        "what policy doesn't require is no finding",
    ),
    found(
        "created-by-quick-create",
        Rules::Buckets,
        &[REDIRECTED, LOGGING_STOPPED, UNENCRYPTED, VALIDATION_OFF],
        &[LOGGING, KEY, VALIDATION],
        &[],
        "where policy lists buckets, a new trail must use one of them, too",
    ),
    quiet(
        "created-with-name-taken",
        Rules::TrailKey,
        Ignored,
        &[ATTEMPT_DENIED, LOGGING_STOPPED],
        "a creation that failed changed nothing and weakened nothing",
    ),
    // Logging.
    quiet(
        "started",
        Rules::TrailKey,
        Compliant,
        &[LOGGING_STOPPED, DELIVERY_FAILING],
        "a trail that stood still is logging again",
    ),
    found(
        "stopped-by-name",
        Rules::TrailKey,
        &[LOGGING_STOPPED],
        &[LOGGING],
        &[LAST_TRAIL_GONE, TARGET_UNCLEAR],
        "stopped, and started again; another trail still records, so nobody is blind",
    ),
    quiet(
        "started-by-sealwatch",
        Rules::TrailKey,
        Compliant,
        &[LOGGING_STOPPED],
        "Sealwatch's own repair comes back as an event and finds nothing to do",
    ),
    found(
        "stopped-by-arn",
        Rules::TrailKey,
        &[LOGGING_STOPPED],
        &[LOGGING],
        &[LAST_TRAIL_GONE, TARGET_UNCLEAR],
        "the same by the trail's ARN, from the console, by root",
    ),
    found(
        "stopped-last-trail-in-china",
        Rules::TrailKey,
        &[LAST_TRAIL_GONE, LOGGING_STOPPED],
        &[LOGGING],
        &[STATE_UNKNOWN],
        "the only trail of its partition: critical, because guards that live on events go blind",
    ),
    Scenario {
        outcome: "withheld",
        ..found(
            "stopped-last-trail-in-china",
            Rules::Page,
            &[LAST_TRAIL_GONE, LOGGING_STOPPED],
            &[LOGGING],
            &[],
            "without the right to write, the page has the commands",
        )
    },
    found(
        "stop-from-another-region-refused",
        Rules::TrailKey,
        &[ATTEMPT_DENIED],
        &[],
        &[LOGGING_STOPPED, LAST_TRAIL_GONE],
        "a trail's shadow in another Region can't be stopped there: somebody tried",
    ),
    found(
        "stop-denied",
        Rules::TrailKey,
        &[ATTEMPT_DENIED],
        &[],
        &[LOGGING_STOPPED, TARGET_UNCLEAR],
        "somebody tried and was refused; the record doesn't say on which trail",
    ),
    Scenario {
        page: None,
        ..found(
            "stop-denied",
            Rules::PagesFromHigh,
            &[ATTEMPT_DENIED],
            &[],
            &[],
            "an attempt is low: it stays a receipt where pages begin at high",
        )
    },
    found(
        "stopped-by-break-glass",
        Rules::TrailKey,
        &[LOGGING_STOPPED],
        &[LOGGING],
        &[],
        "an emergency role is nobody special to a policy that doesn't name it",
    ),
    quiet(
        "stopped-by-break-glass",
        Rules::TrailExemptions,
        Exempt,
        &[LOGGING_STOPPED],
        "the role behind the session is exempt",
    ),
    quiet(
        "stopped-dev-trail",
        Rules::TrailExemptions,
        Exempt,
        &[LOGGING_STOPPED],
        "its name is exempt: a receipt with the reason, no page",
    ),
    found(
        "stopped-dev-trail",
        Rules::Exemptions,
        &[LOGGING_STOPPED],
        &[LOGGING],
        &[],
        "exemptions of log groups don't cover trails",
    ),
    quiet("stopped-tagged-scratch", Rules::TrailExemptions, Exempt, &[LOGGING_STOPPED], "its tag is exempt"),
    found(
        "stopped-tagged-scratch",
        Rules::TrailKey,
        &[LOGGING_STOPPED],
        &[LOGGING],
        &[],
        "tags mean nothing to a policy that doesn't name them",
    ),
    found(
        "stopped-by-name",
        Rules::TrailExemptions,
        &[LOGGING_STOPPED],
        &[LOGGING],
        &[],
        "exemptions of others don't cover it",
    ),
    found(
        "started-with-dead-key",
        Rules::TrailKey,
        &[DELIVERY_FAILING, KEY_UNUSABLE],
        &[],
        &[LOGGING_STOPPED, UNENCRYPTED],
        "it is logging, and its key is disabled, so that nothing arrives: a person has to mend the key",
    ),
    // Settings.
    found(
        "key-removed",
        Rules::TrailKey,
        &[UNENCRYPTED],
        &[KEY],
        &[KEY_UNUSABLE, REDIRECTED],
        "the key was taken away and is given back",
    ),
    found(
        "key-removed",
        Rules::Remediate,
        &[UNENCRYPTED],
        &[],
        &[],
        "without a key in the policy there is none to give: a page that asks for one",
    ),
    quiet(
        "key-set-by-sealwatch",
        Rules::TrailKey,
        Compliant,
        &[UNENCRYPTED, REDIRECTED],
        "Sealwatch's own repair comes back as an event and finds nothing to do",
    ),
    quiet(
        "updated-by-console",
        Rules::TrailKey,
        Compliant,
        &[REDIRECTED, ORGANIZATION_OFF, UNENCRYPTED, VALIDATION_OFF],
        "the console sends every setting with each change: that it names the bucket proves nothing",
    ),
    quiet(
        "updated-by-console",
        Rules::Buckets,
        Compliant,
        &[REDIRECTED],
        "its bucket is one of those that policy lists",
    ),
    found(
        "updated-by-console-without-key",
        Rules::TrailKey,
        &[KEY_UNUSABLE, UNENCRYPTED],
        &[],
        &[REDIRECTED],
        "its bucket is in us-east-1, and the key of that alias there shuts CloudTrail out: no repair",
    ),
    found(
        "updated-by-console-without-key",
        Rules::FixedTrailKey,
        &[KEY_UNUSABLE, UNENCRYPTED],
        &[],
        &[],
        "a key of the trail's Region can't serve a bucket elsewhere",
    ),
    quiet(
        "widened-to-all-regions",
        Rules::TrailKey,
        Compliant,
        &[SINGLE_REGION, UNENCRYPTED],
        "a tool names only what it changes; the key that it doesn't name is the key that there was",
    ),
    found(
        "narrowed-to-one-region",
        Rules::TrailKey,
        &[SINGLE_REGION],
        &[],
        &[EVENTS_EXCLUDED, LAST_TRAIL_GONE],
        "one Region only: told, and left to a person, because widening a trail may cost a second copy",
    ),
    found(
        "narrowed-last-of-all-regions",
        Rules::TrailKey,
        &[LAST_TRAIL_GONE, SINGLE_REGION],
        &[],
        &[EVENTS_EXCLUDED, STATE_UNKNOWN],
        "no guard in another Region hears of this call, and no other trail records there",
    ),
    found(
        "narrowed-last-of-all-regions",
        Rules::OnlyLogging,
        &[LAST_TRAIL_GONE],
        &[],
        &[SINGLE_REGION],
        "blindness is a finding whatever policy requires",
    ),
    found(
        "validation-switched-off-by-arn",
        Rules::TrailKey,
        &[VALIDATION_OFF],
        &[VALIDATION],
        &[UNENCRYPTED],
        "validation is switched on again; the key that the call didn't name stays",
    ),
    found(
        "bucket-moved",
        Rules::TrailKey,
        &[REDIRECTED],
        &[],
        &[DELIVERY_FAILING],
        "the files go to another bucket than before: told with both names, and never moved back by itself",
    ),
    found("bucket-moved", Rules::Buckets, &[REDIRECTED], &[], &[], "nor is the new one on the policy's list"),
    found(
        "notifications-taken-away",
        Rules::TrailKey,
        &[REDIRECTED],
        &[],
        &[],
        "the topic and the log group were taken away",
    ),
    found(
        "notifications-taken-away",
        Rules::Buckets,
        &[REDIRECTED],
        &[],
        &[],
        "a list of buckets says nothing about topics and log groups: these are compared with what was",
    ),
    found(
        "log-role-swapped",
        Rules::TrailKey,
        &[REDIRECTED],
        &[],
        &[DELIVERY_FAILING],
        "the same log group by another role, which may be one that can't write to it",
    ),
    found(
        "organization-trail-changed-by-delegate",
        Rules::TrailKey,
        &[UNENCRYPTED, VALIDATION_OFF],
        &[],
        &[STATE_UNKNOWN],
        "the trail belongs to the organization's management account: no effect here, the page says where",
    ),
    found(
        "organization-switched-off",
        Rules::TrailKey,
        &[ORGANIZATION_OFF],
        &[],
        &[REDIRECTED, SINGLE_REGION, LAST_TRAIL_GONE],
        "gone from every other account, and the trail's own records as before: told, and left to a person",
    ),
    found(
        "organization-switched-off",
        Rules::Buckets,
        &[ORGANIZATION_OFF],
        &[],
        &[REDIRECTED],
        "a list of buckets says nothing about whom a trail records",
    ),
    found(
        "key-moved-to-another-account",
        Rules::Remediate,
        &[KEY_FOREIGN],
        &[],
        &[UNENCRYPTED, KEY_UNUSABLE, REDIRECTED],
        "encrypted, and another account decides who reads it: the key before is set back by a person",
    ),
    found(
        "key-moved-to-another-account",
        Rules::TrailKey,
        &[KEY_FOREIGN],
        &[],
        &[],
        "policy names a key of the trail's own account",
    ),
    quiet(
        "key-set-by-sealwatch",
        Rules::Remediate,
        Compliant,
        &[KEY_FOREIGN],
        "the call set a key of the trail's own account",
    ),
    // What is recorded.
    quiet(
        "selectors-put-basic",
        Rules::TrailKey,
        Compliant,
        &[EVENTS_EXCLUDED, STATE_UNKNOWN],
        "all management events and some data events",
    ),
    quiet(
        "selectors-put-write-only",
        Rules::TrailKey,
        Compliant,
        &[EVENTS_EXCLUDED, STATE_UNKNOWN],
        "calls that only read aren't recorded: allowed, the guards live on calls that write",
    ),
    quiet(
        "selectors-put-without-rds-data",
        Rules::TrailKey,
        Compliant,
        &[EVENTS_EXCLUDED],
        "the RDS Data API may be left out",
    ),
    found(
        "selectors-put-without-kms",
        Rules::TrailKey,
        &[EVENTS_EXCLUDED],
        &[],
        &[LAST_TRAIL_GONE],
        "KMS alone is left out, and with it every key that is disabled or scheduled for deletion",
    ),
    quiet(
        "selectors-put-without-kms",
        Rules::OnlyLogging,
        Compliant,
        &[EVENTS_EXCLUDED],
        "what policy doesn't require is no finding",
    ),
    found(
        "global-events-left-out",
        Rules::TrailKey,
        &[EVENTS_EXCLUDED, SINGLE_REGION],
        &[],
        &[LAST_TRAIL_GONE, STATE_UNKNOWN],
        "a flag that leaves out what IAM does is no better than a selector that does",
    ),
    quiet(
        "global-events-left-out",
        Rules::OnlyLogging,
        Compliant,
        &[EVENTS_EXCLUDED],
        "what policy doesn't require is no finding",
    ),
    found(
        "selectors-put-data-events-only",
        Rules::TrailKey,
        &[EVENTS_EXCLUDED],
        &[],
        &[LAST_TRAIL_GONE],
        "no management event at all any more; another trail still records them",
    ),
    Scenario {
        verdict: Unknown,
        ..found(
            "selectors-put-not-understood",
            Rules::TrailKey,
            &[STATE_UNKNOWN],
            &[],
            &[EVENTS_EXCLUDED, LAST_TRAIL_GONE],
            "a selector on a field that may or may not leave something out: can't tell, so a page",
        )
    },
    Scenario {
        verdict: Unknown,
        ..found(
            "selectors-put-request-omitted",
            Rules::TrailKey,
            &[TARGET_UNCLEAR],
            &[],
            &[STATE_UNKNOWN],
            "CloudTrail left the parameters out: nobody can tell which trail, so a person is told",
        )
    },
    quiet(
        "insights-put-on-trail",
        Rules::TrailKey,
        Compliant,
        &[TARGET_UNCLEAR, EVENTS_EXCLUDED],
        "Insights leave alone what is recorded; the trail is looked at all the same",
    ),
    quiet(
        "insights-put-on-event-data-store",
        Rules::TrailKey,
        Ignored,
        &[TARGET_UNCLEAR],
        "the same call on an event data store is about no trail",
    ),
    // Deletion.
    found(
        "deletion-denied",
        Rules::TrailKey,
        &[ATTEMPT_DENIED],
        &[],
        &[DELETED],
        "somebody tried to delete a trail",
    ),
    found(
        "deleted-beside-another",
        Rules::TrailKey,
        &[DELETED],
        &[],
        &[LAST_TRAIL_GONE],
        "a deleted trail isn't made anew by itself: the page holds the commands that would",
    ),
    found(
        "deleted-last-trail",
        Rules::TrailKey,
        &[LAST_TRAIL_GONE, DELETED],
        &[],
        &[LOGGING_STOPPED],
        "nothing records that partition any more",
    ),
    found(
        "deleted-beside-one-without-kms",
        Rules::TrailKey,
        &[LAST_TRAIL_GONE, DELETED],
        &[],
        &[STATE_UNKNOWN],
        "the trail that is left records all but KMS: what happens to keys, nobody hears any more",
    ),
    // Whatever the caller writes.
    found(
        "redirected-by-hostile-caller",
        Rules::TrailKey,
        &[REDIRECTED, VALIDATION_OFF],
        &[VALIDATION],
        &[UNENCRYPTED],
        "what the caller wrote stands in one line, cut and escaped, and changes no word of the verdict",
    ),
];
