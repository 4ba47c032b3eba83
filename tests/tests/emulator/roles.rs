//! Each guard with exactly the permissions that the template gives its role in a mode: the emulator denies all else, as AWS would.
//!
//! The keys and the topic have the template's own policies and encryption. What a guard may do and its code tries are held
//! against each other both ways: nothing is denied in the mode that the role is for, and no permission stays unneeded.

use crate::lab::{ACCOUNT, Function, Lab, REGION, closed_policy, deployment, failed};
use crate::{GROUP, created, key, trail};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

const MODES: [&str; 3] = ["observe", "page", "remediate"];
const GUARDS: [&str; 3] = ["log-group-guard", "trail-guard", "key-guard"];
const ELSEWHERE: &str = "eu-west-1";
const OTHER_ACCOUNT: &str = "999999999999";

static TEMPLATE: LazyLock<Value> = LazyLock::new(deployment);

/// The emulated account with what the template deploys into it. One after the other use it, each from the beginning.
struct Deployed {
    lab: MutexGuard<'static, Lab>,
    guards: Value,
    /// The template's key for log groups and trails.
    key: String,
}

fn deploy() -> Deployed {
    static LAB: LazyLock<Mutex<Lab>> = LazyLock::new(|| Mutex::new(Lab::start()));
    let lab = LAB.lock().unwrap_or_else(PoisonError::into_inner);
    lab.order("reset", json!({}));
    let key = lab.create_key(Some(TEMPLATE["logs_key"]["policy"].clone()));
    lab.call("TrentService.CreateAlias", json!({ "AliasName": "alias/trails", "TargetKeyId": key }));
    let topic_key = create_key_at(&lab, REGION, &TEMPLATE["topic"]["key"]["policy"]);
    let arn = TEMPLATE["topic"]["arn"].as_str().unwrap();
    assert_eq!(lab.create_topic(arn.rsplit(':').next().unwrap(), &topic_key), arn);
    // The emulator gives keys ids of its own.
    let own = |name: &Value| name["arn"].as_str().unwrap().to_owned();
    let guards = TEMPLATE["guards"]
        .to_string()
        .replace(&own(&TEMPLATE["logs_key"]), &key)
        .replace(&own(&TEMPLATE["topic"]["key"]), &topic_key);
    let deployed = Deployed { lab, guards: serde_json::from_str(&guards).unwrap(), key };
    for guard in GUARDS {
        for mode in MODES {
            let statements = &deployed.guard(guard, mode)["statements"];
            let both = ["guard", "lambda"].map(|policy| statements[policy].as_array().unwrap().clone());
            let identity = json!({ "AccessKeyId": access_key(guard, mode), "Statements": both.concat() });
            deployed.lab.order("identity", identity);
        }
    }
    deployed
}

fn access_key(guard: &str, mode: &str) -> String {
    format!("{guard}-in-{mode}")
}

fn create_key_at(lab: &Lab, region: &str, policy: &Value) -> String {
    let parameters = json!({ "Policy": policy.to_string() });
    let created = lab.call_at(ACCOUNT, region, "TrentService.CreateKey", parameters);
    created["KeyMetadata"]["Arn"].as_str().unwrap().to_owned()
}

impl Deployed {
    fn guard(&self, guard: &str, mode: &str) -> &Value {
        &self.guards[guard.strip_suffix("-guard").unwrap()][mode]
    }

    /// The function as it is deployed in a mode.
    fn function(&self, guard: &'static str, mode: &str, policy: &str) -> Function {
        self.start(guard, mode, policy, &["SEALWATCH_POLICY"])
    }

    /// The function with the role of a mode that nothing but the role keeps it to.
    fn unbounded(&self, guard: &'static str, mode: &str, policy: &str) -> Function {
        self.start(guard, mode, policy, &["SEALWATCH_POLICY", "SEALWATCH_MODE"])
    }

    fn start(&self, guard: &'static str, mode: &str, policy: &str, without: &[&str]) -> Function {
        let access_key = access_key(guard, mode);
        let told = self.guard(guard, mode)["environment"].as_object().unwrap().iter();
        let mut variables: Vec<(&str, &str)> = told
            .filter(|(name, _)| !without.contains(&name.as_str()))
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
            .collect();
        variables.push(("AWS_ACCESS_KEY_ID", &access_key));
        self.lab.guard_with(guard, policy, &variables)
    }

    /// What the role didn't allow.
    fn denied(&self) -> Vec<String> {
        let requests = self.lab.requests();
        requests.iter().filter_map(|request| request.get("denied")?.as_str().map(str::to_owned)).collect()
    }

    /// The guard's calls needed each permission of its role, and no other.
    fn needed_exactly_its_role(&self, guard: &str, mode: &str) {
        assert_eq!(self.denied(), Vec::<String>::new(), "{guard} in {mode}");
        let requests = self.lab.requests();
        let lists = requests.iter().filter_map(|request| request["needed"].as_array());
        let needed: BTreeSet<&str> = lists.flatten().filter_map(Value::as_str).collect();
        let is_needed = |action: &str| match action.strip_suffix('*') {
            Some(prefix) => needed.iter().any(|it| it.starts_with(prefix)),
            None => needed.contains(action),
        };
        let statements = self.guard(guard, mode)["statements"]["guard"].as_array().unwrap().iter();
        let permitted = statements.flat_map(|statement| statement["Action"].as_array().unwrap());
        let idle: Vec<&Value> = permitted.filter(|action| !is_needed(action.as_str().unwrap())).collect();
        assert!(idle.is_empty(), "{guard} in {mode}: {idle:?} beside {needed:?}");
    }
}

/// What becomes of an effect, and of a page, in a mode.
fn outcomes(mode: &str) -> (&'static str, Value) {
    (
        if mode == "remediate" { "applied" } else { "withheld" },
        json!(if mode == "observe" { "withheld" } else { "sent" }),
    )
}

/// A policy that names both aliases, and tags, so that everything there is to read is read.
fn policy(mode: &str) -> String {
    let exempt = |guard: &str| {
        format!(
            "[[exempt]]\nguard = \"{guard}\"\ntag = {{ key = \"tier\", value = \"scratch\" }}\nreason = \"scratch\"\n"
        )
    };
    format!(
        "{}[trails]\nkey = \"alias/trails\"\n[keys]\nprotect_tags = {{ tier = \"prod\" }}\n{}{}",
        crate::policy(mode),
        exempt("log-group"),
        exempt("trail")
    )
}

/// A stopped trail with neither key nor validation.
fn create_stopped_trail(lab: &Lab, name: &str, bucket: &str) {
    trail::call(
        lab,
        "CreateTrail",
        json!({ "Name": name, "S3BucketName": bucket, "IsMultiRegionTrail": true }),
    );
}

/// A key in use that is scheduled for deletion.
fn doomed_key(lab: &Lab) -> String {
    let key = key::create_key(lab);
    key::use_key(lab, &key, 1);
    key::schedule(lab, &key);
    key
}

#[test]
fn the_log_group_guard_needs_exactly_its_role() {
    for mode in MODES {
        let account = deploy();
        account.lab.create_log_group(GROUP);
        let answer = account.function("log-group-guard", mode, &policy(mode)).invoke(&created());
        let (effect, page) = outcomes(mode);
        assert_eq!(
            (&answer["effects"][0]["outcome"], &answer["page"]["outcome"]),
            (&json!(effect), &page),
            "{answer}"
        );
        let expected = (mode == "remediate").then(|| account.key.clone());
        assert_eq!(account.lab.log_group_keys(), [(GROUP.to_owned(), expected)], "{mode}");
        account.needed_exactly_its_role("log-group-guard", mode);
    }
}

#[test]
fn the_trail_guard_needs_exactly_its_role() {
    for mode in MODES {
        let account = deploy();
        let lab = &account.lab;
        lab.create_bucket(trail::BUCKET, REGION);
        lab.create_bucket("far-logs", ELSEWHERE);
        // The template's key policy serves CloudTrail in other Regions as well.
        let far_key = create_key_at(lab, ELSEWHERE, &TEMPLATE["logs_key"]["policy"]);
        lab.call_at(
            ACCOUNT,
            ELSEWHERE,
            "TrentService.CreateAlias",
            json!({ "AliasName": "alias/trails", "TargetKeyId": far_key }),
        );
        create_stopped_trail(lab, trail::NAME, trail::BUCKET);
        create_stopped_trail(lab, "far", "far-logs");
        // The organization's trail, at home elsewhere, records this Region too.
        let organization = json!({ "Name": "organization", "S3BucketName": trail::BUCKET, "IsMultiRegionTrail": true, "IsOrganizationTrail": true });
        for (operation, parameters) in
            [("CreateTrail", organization), ("StartLogging", json!({ "Name": "organization" }))]
        {
            lab.call_at(OTHER_ACCOUNT, ELSEWHERE, &format!("CloudTrail_20131101.{operation}"), parameters);
        }
        let guard = account.function("trail-guard", mode, &policy(mode));
        let (effect, page) = outcomes(mode);

        let stopped = guard.invoke(&trail::stopped("stopped-1"));
        let expected = ["trail-logging", "trail-key", "trail-validation"].map(|ensure| (ensure, effect));
        assert_eq!(
            (trail::effects(&stopped), &stopped["page"]["outcome"]),
            (expected.to_vec(), &page),
            "{stopped}"
        );
        assert!(!trail::finding_ids(&stopped).contains(&"trail.last-trail-gone"), "{stopped}");
        let key = (mode == "remediate").then(|| json!(account.key));
        assert_eq!(
            (trail::described(lab).get("KmsKeyId"), trail::is_logging(lab)),
            (key.as_ref(), key.is_some())
        );

        // Where it delivered before is asked of the history, and its key is in another Region.
        let moved = guard.invoke(&trail::event(
            "moved-1",
            "UpdateTrail",
            json!({ "name": "far", "s3BucketName": "far-logs" }),
        ));
        assert_eq!(
            (trail::effects(&moved), &moved["page"]["outcome"]),
            (expected.to_vec(), &page),
            "{moved}"
        );
        if mode == "remediate" {
            assert_eq!(moved["effects"][1]["value"], json!(far_key));
        }
        account.needed_exactly_its_role("trail-guard", mode);
    }
}

#[test]
fn the_key_guard_needs_exactly_its_role() {
    for mode in MODES {
        let account = deploy();
        let lab = &account.lab;
        let [unclear, shut, other] = std::array::from_fn(|_| key::create_key(lab));
        let doomed = doomed_key(lab);
        key::make_older_than_tracking(lab, &unclear);
        key::schedule(lab, &unclear);
        key::create_groups(lab, [(GROUP.to_owned(), Some(shut.clone()))]);
        let closed = closed_policy().to_string();
        key::call(lab, "PutKeyPolicy", json!({ "KeyId": shut, "PolicyName": "default", "Policy": closed }));
        let before = json!({ "aliasName": "alias/logs", "targetKeyId": other });
        lab.history(json!([key::past("made-1", "CreateAlias", 30, before)]));

        let guard = account.function("key-guard", mode, &policy(mode));
        let put = json!({ "keyId": shut, "policyName": "default", "policy": closed });
        let moved = json!({ "aliasName": "alias/logs", "targetKeyId": account.key });
        let events = [
            ("key.deletion-scheduled", key::scheduled("doomed-1", &doomed)),
            ("key.deletion-scheduled", key::scheduled("unclear-1", &unclear)),
            ("key.service-access-lost", key::event("put-1", "PutKeyPolicy", put)),
            ("key.rotation-off", key::event("rotation-1", "DisableKeyRotation", json!({ "keyId": other }))),
            ("key.alias-moved", key::event("moved-1", "UpdateAlias", moved)),
        ];
        let (effect, page) = outcomes(mode);
        for (number, (finding, event)) in events.into_iter().enumerate() {
            guard.invoke(&event);
            let receipt = &guard.receipts(number + 1)[number];
            assert!(key::finding_ids(receipt).contains(&finding), "{finding}: {receipt}");
            assert_eq!(receipt["page"]["outcome"], page, "{finding}: {receipt}");
            let expected: &[(&str, &str)] =
                if number == 0 { &key::RESCUED.map(|(ensure, _)| (ensure, effect)) } else { &[] };
            assert_eq!(key::effects(receipt), expected, "{finding}: {receipt}");
        }
        let unknown = &guard.receipts(2)[1];
        assert_eq!(unknown["verdict"], "unknown", "each source was read, and none settles it: {unknown}");
        let expected = if mode == "remediate" { "Enabled" } else { "PendingDeletion" };
        assert_eq!(
            (key::state(lab, &doomed), key::state(lab, &unclear)),
            (expected.to_owned(), "PendingDeletion".to_owned())
        );
        account.needed_exactly_its_role("key-guard", mode);
    }
}

#[test]
fn a_policy_file_that_wants_more_than_the_role_has_is_kept_to_the_role_by_its_mode() {
    let account = deploy();
    let doomed = doomed_key(&account.lab);
    for (mode, pages) in [("observe", 0), ("page", 1)] {
        let answer =
            account.function("key-guard", mode, &policy("remediate")).invoke(&key::scheduled(mode, &doomed));
        assert_eq!((&answer["mode"], key::effects(&answer).len()), (&json!(mode), 2), "{answer}");
        assert!(key::effects(&answer).iter().all(|(_, outcome)| *outcome == "withheld"), "{answer}");
        assert_eq!((account.denied(), account.lab.published().len()), (vec![], pages));
    }
}

/// Without the mode only the role stands between a wrong policy file and a write.
#[test]
fn a_write_that_the_role_lacks_is_refused_and_paged() {
    let account = deploy();
    let lab = &account.lab;
    lab.create_log_group(GROUP);
    lab.create_bucket(trail::BUCKET, REGION);
    create_stopped_trail(lab, trail::NAME, trail::BUCKET);
    let before = trail::described(lab);
    let doomed = doomed_key(lab);
    let cases: [(&str, Value, &[&str]); 3] = [
        ("log-group-guard", created(), &["logs:AssociateKmsKey"]),
        (
            "trail-guard",
            trail::stopped("stopped-1"),
            &["cloudtrail:StartLogging", "cloudtrail:UpdateTrail", "cloudtrail:UpdateTrail"],
        ),
        ("key-guard", key::scheduled("scheduled-1", &doomed), &["kms:CancelKeyDeletion"]),
    ];
    for (guard, event, denied) in cases {
        lab.begin_anew();
        let function = account.unbounded(guard, "page", &policy("remediate"));
        function.invoke(&event);
        let receipt = &function.receipts(1)[0];
        let effects = key::effects(receipt);
        assert!(effects.iter().take(denied.len()).all(|(_, outcome)| *outcome == "refused"), "{receipt}");
        assert!(effects.iter().all(|(_, outcome)| *outcome != "applied"), "{receipt}");
        assert_eq!(
            (account.denied(), &receipt["page"]["outcome"]),
            (denied.iter().map(ToString::to_string).collect(), &json!("sent")),
            "{receipt}"
        );
        let message = lab.published()[0]["Message"].as_str().unwrap().to_owned();
        assert!(
            message.contains("is not authorized to perform: ") && message.contains(denied[0]),
            "{message}"
        );
    }
    assert_eq!(lab.log_group_keys(), [(GROUP.to_owned(), None)]);
    assert_eq!((trail::described(lab), trail::is_logging(lab)), (before, false));
    assert_eq!(key::state(lab, &doomed), "PendingDeletion");
}

#[test]
fn a_page_that_the_role_lacks_fails_the_invocation() {
    let account = deploy();
    account.lab.create_log_group(GROUP);
    for (mode, denied) in
        [("page", vec!["sns:Publish"]), ("remediate", vec!["logs:AssociateKmsKey", "sns:Publish"])]
    {
        account.lab.begin_anew();
        let function = account.unbounded("log-group-guard", "observe", &policy(mode));
        let answer = function.invoke(&created());
        assert_eq!(
            (&answer["errorType"], account.denied()),
            (&json!("Sealwatch.PageFailed"), denied.iter().map(ToString::to_string).collect()),
            "{answer}"
        );
        assert!(account.lab.published().is_empty());
    }
    assert_eq!(account.lab.log_group_keys(), [(GROUP.to_owned(), None)]);
}

#[test]
fn a_key_whose_policy_leaves_nothing_to_iam_is_unknown_and_paged() {
    let account = deploy();
    let lab = &account.lab;
    let hermetic = closed_policy().to_string().replace(":root", ":role/administrator");
    let created =
        key::call(lab, "CreateKey", json!({ "Policy": hermetic, "BypassPolicyLockoutSafetyCheck": true }));
    let sealed = created["KeyMetadata"]["Arn"].as_str().unwrap();
    key::schedule(lab, sealed);
    let guard = account.function("key-guard", "remediate", &policy("remediate"));
    assert!(failed(&guard.invoke(&key::scheduled("scheduled-1", sealed))));
    let receipt = &guard.receipts(1)[0];
    assert_eq!(
        (key::finding_ids(receipt), &receipt["page"]["outcome"]),
        (vec!["key.state-unknown"], &json!("sent")),
        "{receipt}"
    );
    assert_eq!((account.denied(), key::writes(lab)), (vec!["kms:DescribeKey".to_owned()], vec![]));
}
