//! New key policies, judged by what they mean.

use super::*;

fn root() -> Value {
    json!({ "Sid": "Account", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:root" }, "Action": "kms:*", "Resource": "*" })
}

fn logs(context: &str) -> Value {
    json!({
        "Sid": "Logs", "Effect": "Allow", "Principal": { "Service": "logs.eu-central-1.amazonaws.com" },
        "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"], "Resource": "*",
        "Condition": { "ArnLike": { "kms:EncryptionContext:aws:logs:arn": context } },
    })
}

fn all_logs() -> Value {
    logs("arn:aws:logs:eu-central-1:111122223333:*")
}

fn trails() -> Value {
    json!({ "Sid": "Trails", "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": "kms:*", "Resource": "*" })
}

/// What the CloudTrail console adds for those who read the files.
fn console() -> Value {
    json!({
        "Sid": "Enable cross account log decryption", "Effect": "Allow", "Principal": { "AWS": "*" },
        "Action": ["kms:Decrypt", "kms:ReEncryptFrom"], "Resource": "*",
        "Condition": {
            "StringEquals": { "kms:CallerAccount": "111122223333" },
            "StringLike": { "kms:EncryptionContext:aws:cloudtrail:arn": "arn:aws:cloudtrail:*:111122223333:trail/*" },
        },
    })
}

fn key_policy(statements: &[Value]) -> KeyPolicy {
    KeyPolicy::from_value(&json!({ "Version": "2012-10-17", "Statement": statements })).unwrap()
}

/// The facts after a PutKeyPolicy call.
fn put(statements: &[Value], earlier: Option<&[Value]>) -> Facts {
    Facts {
        policy: Reading::Known(key_policy(statements)),
        earlier_policy: earlier.map_or(Reading::Absent, |earlier| Reading::Known(key_policy(earlier))),
        log_groups: groups(&["/app", "/payments/api"]),
        trails: Reading::Known(vec![trail("audit")]),
        ..unused("Enabled")
    }
}

fn judged(facts: &Facts) -> Plan<Effect> {
    plan(&change("PutKeyPolicy"), facts)
}

#[test]
fn a_service_that_uses_the_key_is_not_to_be_shut_out() {
    let whole = [root(), all_logs(), trails()];
    for (name, statements, shut_out) in [
        ("both are let in", vec![root(), all_logs(), trails()], vec![]),
        (
            "logs are gone",
            vec![root(), trails()],
            vec!["CloudWatch Logs for the log group /app", "/payments/api"],
        ),
        (
            "logs are let in for some groups",
            vec![root(), logs("arn:aws:logs:eu-central-1:111122223333:log-group:/app*"), trails()],
            vec!["CloudWatch Logs for the log group /payments/api"],
        ),
        (
            "CloudTrail is gone",
            vec![root(), all_logs()],
            vec!["CloudTrail for the trail arn:aws:cloudtrail:eu-central-1:111122223333:trail/audit"],
        ),
        (
            "a Deny for everybody",
            vec![
                root(),
                all_logs(),
                trails(),
                json!({ "Sid": "No", "Effect": "Deny", "Principal": "*", "Action": "kms:GenerateDataKey*", "Resource": "*" }),
            ],
            vec!["denies CloudWatch Logs", "denies CloudTrail"],
        ),
    ] {
        let plan = judged(&put(&statements, Some(&whole)));
        let expected: Vec<_> = if shut_out.is_empty() { vec![] } else { vec!["key.service-access-lost"] };
        assert_eq!(ids(&plan), expected, "{name}: {plan:#?}");
        assert!(plan.findings.iter().all(|finding| finding.severity == Severity::Critical), "{name}");
        for piece in shut_out {
            assert!(evidence(&plan).contains(piece), "{name}: {}", evidence(&plan));
        }
        assert_eq!(plan.effects, [], "{name}: no policy is put back");
    }
}

#[test]
fn a_policy_that_nothing_hangs_on_may_shut_out_both() {
    let facts = Facts { log_groups: groups(&[]), trails: Reading::Known(Vec::new()), ..put(&[root()], None) };
    assert_eq!(judged(&facts).verdict, Verdict::Compliant);
}

#[test]
fn the_difference_is_shown_where_the_earlier_policy_is_known() {
    let told = evidence(&judged(&put(&[root(), trails()], Some(&[root(), all_logs(), trails()]))));
    assert!(told.contains("taken out: {\"Sid\":\"Logs\""), "{told}");
    let told = evidence(&judged(&put(&[root(), trails()], None)));
    assert!(told.contains("no history tells what the policy was before"), "{told}");
    let plan = judged(&put(&[root(), trails()], None));
    let statement = plan.findings[0]
        .remedies
        .iter()
        .map(ToString::to_string)
        .find(|it| it.contains("AllowCloudWatchLogs"));
    assert!(statement.is_some(), "what is missing is told in any case");
}

#[test]
fn whoever_else_uses_the_key_is_unknown_if_they_cannot_be_read() {
    let good = [root(), all_logs(), trails()];
    for (name, facts, retryable) in [
        ("trails", Facts { trails: Reading::Unreadable(unreadable()), ..put(&good, None) }, true),
        ("log groups", Facts { log_groups: Reading::Unreadable(denied()), ..put(&good, None) }, false),
        ("the policy", Facts { policy: Reading::Unreadable(denied()), ..put(&good, None) }, false),
        (
            "some log groups",
            Facts {
                log_groups: Reading::Known(LogGroups {
                    using: vec![group("/app")],
                    looked_at: 50,
                    cut_short: Some(unreadable()),
                }),
                ..put(&good, None)
            },
            true,
        ),
    ] {
        let plan = judged(&facts);
        assert_eq!(
            (plan.verdict, ids(&plan), plan.retryable),
            (Verdict::Unknown, vec!["key.state-unknown"], retryable),
            "{name}"
        );
    }
}

#[test]
fn who_is_let_in_from_outside_is_told() {
    let other = json!({ "Sid": "Partner", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::999999999999:root" }, "Action": ["kms:Decrypt", "kms:DescribeKey"], "Resource": "*" });
    let bare = json!({ "Effect": "Allow", "Principal": { "AWS": "999999999999" }, "Action": "kms:Decrypt", "Resource": "*" });
    let public = json!({ "Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*" });
    let organization = json!({ "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "kms:Decrypt", "Resource": "*", "Condition": { "StringEquals": { "aws:PrincipalOrgID": "o-abc" } } });
    let via = json!({ "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "kms:Decrypt", "Resource": "*", "Condition": { "StringEquals": { "kms:CallerAccount": "111122223333", "kms:ViaService": "s3.eu-central-1.amazonaws.com" } } });
    let denied = json!({ "Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*", "Condition": { "StringNotEquals": { "aws:PrincipalAccount": "111122223333" } } });
    let deleted = json!({ "Effect": "Allow", "Principal": { "AWS": "AROAEXAMPLEID" }, "Action": "kms:*", "Resource": "*" });
    let only = |condition: Value| json!({ "Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*", "Condition": condition });
    let named = only(json!({ "StringEquals": { "kms:CallerAccount": ["111122223333", "999999999999"] } }));
    let admin = only(json!({ "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/Admin" } }));
    let admin_within = only(
        json!({ "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/Admin" }, "StringEquals": { "aws:PrincipalOrgID": "o-abc" } }),
    );
    let evil = only(json!({ "StringEquals": { "aws:PrincipalOrgID": "o-evil" } }));
    let look = json!({ "Effect": "Allow", "Principal": "*", "Action": "kms:DescribeKey", "Resource": "*" });
    let control = json!({ "Effect": "Allow", "Principal": { "AWS": "999999999999" }, "Action": ["kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"], "Resource": "*" });
    let provider = json!({ "Effect": "Allow", "Principal": { "Federated": "arn:aws:iam::111122223333:saml-provider/x" }, "Action": "kms:*", "Resource": "*" });
    let at_will = only(json!({ "StringEquals": { "kms:ViaService": "s3.eu-central-1.amazonaws.com" } }));
    let source = only(json!({ "StringEquals": { "aws:SourceAccount": "999999999999" } }));
    let service = json!({ "Effect": "Allow", "Principal": { "Service": "s3.amazonaws.com" }, "Action": "kms:Decrypt", "Resource": "*" });
    use Severity::{Critical, High, Medium};
    let whole = || vec![root(), all_logs(), trails()];
    let with =
        |more: &[&Value]| whole().into_iter().chain(more.iter().map(|it| (*it).clone())).collect::<Vec<_>>();
    for (name, statements, earlier, severity) in [
        ("nobody", whole(), Some(whole()), None),
        ("another account, newly", with(&[&other]), Some(whole()), Some(High)),
        ("another account by its id, newly", with(&[&bare]), Some(whole()), Some(High)),
        ("another account, as before", with(&[&other]), Some(with(&[&other])), None),
        ("another account may do more", with(&[&other]), Some(with(&[&bare])), Some(High)),
        ("another account, before isn't known", with(&[&other]), None, Some(Medium)),
        ("everyone", with(&[&public]), Some(whole()), Some(Critical)),
        ("everyone, before isn't known", with(&[&public]), None, Some(Critical)),
        ("an organization", with(&[&organization]), Some(whole()), Some(High)),
        ("CloudTrail's console", with(&[&console()]), None, None),
        ("the account's own through a service", with(&[&via]), None, None),
        ("everyone, but outsiders are denied", with(&[&public, &denied]), Some(with(&[&denied])), None),
        ("a role that is deleted", with(&[&deleted]), None, None),
        ("another account by a condition", with(&[&named]), Some(whole()), Some(High)),
        ("whoever has a role of a name", with(&[&admin]), Some(whole()), Some(Critical)),
        ("the same within an organization", with(&[&admin_within]), Some(whole()), Some(High)),
        ("another organization", with(&[&evil]), Some(with(&[&organization])), Some(High)),
        ("the same organization", with(&[&organization]), Some(with(&[&organization])), None),
        (
            "what was for an organization is for everyone, who could look before",
            with(&[&look, &public]),
            Some(with(&[&look, &organization])),
            Some(Critical),
        ),
        ("everyone who comes through S3", with(&[&at_will]), Some(with(&[&via])), Some(Critical)),
        ("everyone who comes through S3, as before", with(&[&at_will]), Some(with(&[&at_will])), None),
        ("another account through services", with(&[&source]), Some(whole()), Some(High)),
        ("another account through services, before isn't known", with(&[&source]), None, Some(Medium)),
        ("a service, for whomever", with(&[&service]), Some(whole()), None),
        ("what no other account can be let do", with(&[&control]), Some(whole()), None),
        ("the account's own provider", with(&[&provider]), Some(whole()), None),
    ] {
        // A Deny on the account's own name for services too is a doubt of its own; here it's about people.
        let facts = put(&statements, earlier.as_deref());
        let plan = judged(&facts);
        let found = plan.findings.iter().find(|finding| finding.id == "key.opened-outside");
        assert_eq!(found.map(|finding| finding.severity), severity, "{name}: {plan:#?}");
    }
}

#[test]
fn a_condition_that_counts_for_nothing_is_told() {
    let via = json!({ "Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*", "Condition": { "StringEquals": { "kms:ViaService": "s3.eu-central-1.amazonaws.com" } } });
    let told = evidence(&judged(&put(&[root(), all_logs(), trails(), via], None)));
    let line =
        "conditions that whoever calls can meet: StringEquals kms:ViaService s3.eu-central-1.amazonaws.com";
    assert!(told.contains(line), "{told}");
}

#[test]
fn the_account_keeps_control_or_it_is_told() {
    let only = |principal: &str| json!({ "Effect": "Allow", "Principal": { "AWS": principal }, "Action": "kms:*", "Resource": "*" });
    let mfa = json!({ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:root" }, "Action": "kms:*", "Resource": "*", "Condition": { "Bool": { "aws:MultiFactorAuthPresent": "true" } } });
    let read_only = json!({ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:root" }, "Action": ["kms:Describe*", "kms:Get*", "kms:List*"], "Resource": "*" });
    let no_put = json!({ "Effect": "Deny", "Principal": "*", "Action": "kms:PutKeyPolicy", "Resource": "*" });
    for (name, statements, lost) in [
        ("the account", vec![root()], false),
        ("one role", vec![only("arn:aws:iam::111122223333:role/admin")], false),
        ("with a second factor", vec![mfa], false),
        ("to look only", vec![read_only], true),
        ("a role that is deleted", vec![only("AROAEXAMPLEID")], true),
        ("another account", vec![only("arn:aws:iam::999999999999:root")], true),
        ("services only", vec![all_logs(), trails()], true),
        ("nobody may change it", vec![root(), no_put], true),
    ] {
        let facts =
            Facts { log_groups: groups(&[]), trails: Reading::Known(Vec::new()), ..put(&statements, None) };
        let found = ids(&judged(&facts)).contains(&"key.administration-lost");
        assert_eq!(found, lost, "{name}");
    }
}

#[test]
fn control_under_conditions_is_a_doubt_if_the_call_kept_kms_from_checking_it() {
    let when = |conditions: Value| {
        let mut statement = root();
        statement["Condition"] = conditions;
        vec![statement]
    };
    let unless = |more: Value| {
        let mut statement = json!({ "Effect": "Deny", "Resource": "*" });
        statement.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        vec![root(), statement]
    };
    let checked = json!({ "keyId": ID });
    let not_checked = |flag: Value| json!({ "keyId": ID, "bypassPolicyLockoutSafetyCheck": flag });
    let past = || when(json!({ "DateLessThan": { "aws:CurrentTime": "2020-01-01T00:00:00Z" } }));
    let organization = || when(json!({ "StringEquals": { "aws:PrincipalOrgID": "o-evil" } }));
    let tag = || when(json!({ "StringEquals": { "aws:PrincipalTag/x": "9f8e7d" } }));
    let address = || when(json!({ "IpAddress": { "aws:SourceIp": "203.0.113.7/32" } }));
    let not_principal = unless(json!({ "NotPrincipal": { "AWS": "999999999999" }, "Action": "kms:*" }));
    let not_action = unless(json!({ "Principal": "*", "NotAction": "kms:Decrypt" }));
    let unless_organization = unless(
        json!({ "Principal": "*", "Action": "kms:*", "Condition": { "StringNotEquals": { "aws:PrincipalOrgID": "o-evil" } } }),
    );
    for (name, statements, request, unknown) in [
        ("no conditions, not checked", vec![root()], not_checked(json!(true)), false),
        ("a date that is past", past(), not_checked(json!(true)), true),
        ("a date that is past, as text", past(), not_checked(json!("true")), true),
        ("a date that is past, checked", past(), checked.clone(), false),
        ("a date that is past, checked expressly", past(), not_checked(json!(false)), false),
        ("a date that is past, checked expressly as text", past(), not_checked(json!("false")), false),
        ("another organization", organization(), not_checked(json!(true)), true),
        ("a tag that nobody has", tag(), not_checked(json!(true)), true),
        ("one address", address(), not_checked(json!(true)), true),
        ("a Deny for all but another account", not_principal, not_checked(json!(true)), true),
        ("a Deny of all but one action", not_action, not_checked(json!(true)), true),
        ("a Deny for all but an organization", unless_organization.clone(), not_checked(json!(true)), true),
        ("a Deny for all but an organization, checked", unless_organization, checked, false),
    ] {
        let facts =
            Facts { log_groups: groups(&[]), trails: Reading::Known(Vec::new()), ..put(&statements, None) };
        let plan = plan(&change_of(&record("PutKeyPolicy", request)), &facts);
        let expected: Vec<_> = if unknown { vec!["key.state-unknown"] } else { vec![] };
        assert_eq!(ids(&plan), expected, "{name}: {plan:#?}");
        assert!(!unknown || evidence(&plan).contains("asked KMS not to check that"), "{name}");
    }
}

#[test]
fn hostile_statements_stay_on_their_line() {
    let hostile = json!({ "Sid": "x\nCRITICAL", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::999999999999:user/a\u{202e}b" }, "Action": "kms:*", "Resource": "*" });
    let plan = judged(&put(&[root(), hostile], Some(&[root(), all_logs(), trails()])));
    assert_eq!(ids(&plan).len(), 2);
    assert!(plan.findings.iter().flat_map(|it| &it.evidence).all(|line| !line.contains(['\n', '\u{202e}'])));
}
