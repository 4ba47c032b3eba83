//! Conditions that keep nobody out, and those that do.

use super::reach::{ANYBODY, allow, everyone, told};
use super::*;

#[test]
fn a_condition_that_whoever_calls_can_meet_keeps_nobody_out() {
    for condition in [
        json!({ "StringEquals": { "kms:ViaService": "s3.us-east-1.amazonaws.com" } }),
        json!({ "StringLike": { "kms:viaservice": ["s3.*.amazonaws.com", "ec2.*.amazonaws.com"] } }),
        json!({ "StringEquals": { "aws:PrincipalTag/team": "payments" } }),
        json!({ "StringEqualsIgnoreCase": { "aws:RequestTag/team": "payments" } }),
        json!({ "StringEquals": { "aws:PrincipalTag/team": ["a", "b"] }, "Null": { "aws:PrincipalTag/team": "false" } }),
        json!({ "StringEquals": { "aws:PrincipalTag/team": "a" }, "StringNotEquals": { "aws:PrincipalTag/team": "b" } }),
        json!({ "StringNotEquals": { "aws:PrincipalTag/team": "payments" } }),
        json!({ "StringEqualsIfExists": { "aws:PrincipalTag/team": "payments" } }),
        json!({ "IpAddress": { "aws:SourceIp": "0.0.0.0/0" } }),
        json!({ "IpAddressIfExists": { "aws:SourceIp": ["192.0.2.0/24", "::/0"] } }),
        json!({ "StringLike": { "aws:UserAgent": "*" } }),
        json!({ "StringEquals": { "aws:Referer": "https://example.com/" } }),
        json!({ "StringEquals": { "aws:PrincipalType": "AssumedRole" } }),
        json!({ "StringEquals": { "kms:EncryptionContext:app": "web" } }),
        json!({ "ForAllValues:StringEquals": { "kms:EncryptionContextKeys": ["app", "stage"] } }),
        json!({ "ForAllValues:StringEquals": { "kms:GrantOperations": ["Decrypt", "Encrypt"] } }),
        json!({ "ForAnyValue:StringEquals": { "aws:CalledVia": ["dynamodb.amazonaws.com"] } }),
        json!({ "Bool": { "kms:GrantIsForAWSResource": true } }),
        json!({ "Bool": { "aws:MultiFactorAuthPresent": "true" } }),
        json!({ "Null": { "aws:PrincipalOrgID": "false" } }),
        json!({ "Null": { "aws:PrincipalOrgID": "true" } }),
        json!({ "StringLike": { "aws:PrincipalOrgID": "*" } }),
        json!({ "StringLike": { "aws:PrincipalOrgID": ["o-mine", "o-??????????"] } }),
        json!({ "StringNotEquals": { "aws:PrincipalOrgID": "o-evil" } }),
        json!({ "StringEqualsIfExists": { "aws:PrincipalOrgID": "o-mine" } }),
        json!({ "ForAllValues:StringLike": { "aws:PrincipalOrgPaths": "o-mine/*" } }),
        json!({ "ForAnyValue:StringLike": { "aws:PrincipalOrgPaths": "o-*/r-*/*" } }),
        json!({ "StringLike": { "aws:SourceVpc": "vpc-*" } }),
        json!({ "StringLike": { "aws:userid": "AROA*" } }),
        json!({ "StringEquals": { "aws:RequestedRegion": "us-east-1", "aws:ResourceAccount": "111122223333" } }),
    ] {
        let found = told(&policy([everyone(condition.clone())]), None);
        assert_eq!(found, [format!("{ANYBODY}: surely")], "{condition}");
    }
}

#[test]
fn a_condition_that_not_everybody_can_meet_is_none_of_these() {
    for condition in [
        json!({ "StringEquals": { "aws:PrincipalOrgID": "o-mine" } }),
        json!({ "StringLike": { "aws:PrincipalOrgID": "o-a*" } }),
        json!({ "StringEquals": { "aws:PrincipalOrgID": "*" } }),
        json!({ "Null": { "aws:PrincipalOrgID": "false" }, "StringEquals": { "aws:PrincipalOrgID": "o-mine" } }),
        json!({ "ForAnyValue:StringLike": { "aws:PrincipalOrgPaths": "o-mine/*" } }),
        json!({ "StringEquals": { "aws:SourceVpce": "vpce-1" } }),
        json!({ "StringEquals": { "aws:SourceVpc": "vpc-1" } }),
        json!({ "IpAddress": { "aws:SourceIp": "192.0.2.0/24" } }),
        json!({ "IpAddress": { "aws:SourceIp": "any/0" } }),
        json!({ "NotIpAddress": { "aws:SourceIp": "0.0.0.0/0" } }),
        json!({ "StringEquals": { "aws:PrincipalTag/team": "${aws:ResourceTag/team}" } }),
        json!({ "StringEquals": { "aws:PrincipalTag/team": "a", "AWS:PrincipalTag/team": "b" } }),
        json!({ "StringEquals": { "kms:ViaService": "s3.us-east-1.amazonaws.com", "aws:PrincipalOrgID": "o-mine" } }),
        json!({ "StringEquals": { "aws:ResourceTag/team": "a" } }),
        json!({ "StringEquals": { "kms:RequestAlias": "alias/a" } }),
        json!({ "DateLessThan": { "aws:CurrentTime": "2020-01-01T00:00:00Z" } }),
    ] {
        let found = told(&policy([everyone(condition.clone())]), None);
        assert_eq!(found, [format!("{ANYBODY}: perhaps")], "{condition}");
    }
}

#[test]
fn who_is_named_is_no_more_than_named() {
    let via = |more: Value| {
        let mut condition = json!({ "kms:ViaService": "s3.us-east-1.amazonaws.com" });
        condition.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        everyone(json!({ "StringEquals": condition }))
    };
    let role = "arn:aws:iam::999999999999:role/r";
    for (name, statement, expected) in [
        ("nobody", via(json!({})), vec![format!("{ANYBODY}: surely")]),
        ("the own account", via(json!({ "kms:CallerAccount": "111122223333" })), vec![]),
        ("the own by another key", via(json!({ "aws:PrincipalAccount": "111122223333" })), vec![]),
        (
            "another",
            via(json!({ "aws:PrincipalAccount": "999999999999" })),
            vec!["account 999999999999: perhaps".to_owned()],
        ),
        ("a role", via(json!({ "aws:PrincipalArn": role })), vec![format!("{role}: perhaps")]),
        (
            "another as principal",
            allow(
                json!({ "AWS": role }),
                "kms:Decrypt",
                json!({ "StringEquals": { "aws:PrincipalTag/a": "b" } }),
            ),
            vec![format!("{role}: perhaps")],
        ),
    ] {
        assert_eq!(told(&policy([statement]), None), expected, "{name}");
    }
}

#[test]
fn a_deny_that_can_be_avoided_at_will_shuts_nobody_out_surely() {
    for (condition, expected) in [
        (json!({ "StringNotEquals": { "aws:PrincipalTag/team": "a" } }), "perhaps"),
        (json!({ "StringEquals": { "kms:ViaService": "s3.us-east-1.amazonaws.com" } }), "perhaps"),
        (json!({ "StringEquals": { "kms:CallerAccount": "111122223333" } }), "surely"),
    ] {
        let document = policy([everyone(Value::Null), deny(json!({ "Condition": condition }))]);
        assert_eq!(told(&document, None), [format!("{ANYBODY}: {expected}")], "{condition}");
    }
}

#[test]
fn many_conditions_on_one_key_are_not_tried() {
    let many: Map<String, Value> = (0..9_u32)
        .map(|bits| {
            let name: String = "tags"
                .chars()
                .enumerate()
                .map(|(i, c)| if bits >> i & 1 == 1 { c.to_ascii_uppercase() } else { c })
                .collect();
            (format!("aws:PrincipalTag/{name}"), json!("a"))
        })
        .collect();
    let found = told(&policy([everyone(json!({ "StringEquals": many }))]), None);
    assert_eq!(found, [format!("{ANYBODY}: perhaps")]);
}
