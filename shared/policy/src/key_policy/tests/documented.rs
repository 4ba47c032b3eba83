//! Policies as AWS's documentation and consoles write them.

use super::*;

#[test]
fn policies_from_awss_documentation() {
    let context = "kms:EncryptionContext:aws:logs:arn";
    let query_results = json!({
        "ArnEquals": { "aws:SourceArn": "arn:aws:logs:us-east-1:111122223333:query-result:*" },
        "StringEquals": { "aws:SourceAccount": "111122223333" },
    });
    check(vec![
        ("the default policy lets only the account in", policy([]), Missing),
        ("the documented statement for an account's log groups", policy([logs(json!({}))]), Allowed),
        (
            "the documented statement for one log group",
            when(json!({ "ArnEquals": { context: GROUP } })),
            Allowed,
        ),
        ("one log group by StringEquals", when(json!({ "StringEquals": { context: GROUP } })), Allowed),
        (
            "an account's log groups by StringLike",
            when(json!({ "StringLike": { context: "arn:aws:logs:us-east-1:111122223333:*" } })),
            Allowed,
        ),
        ("one log group by ArnLike", when(json!({ "ArnLike": { context: GROUP } })), Allowed),
        (
            "any log group of the account by ArnLike and log-group:*",
            when(json!({ "ArnLike": { context: "arn:aws:logs:us-east-1:111122223333:log-group:*" } })),
            Allowed,
        ),
        ("no condition at all", policy([logs(json!({ "Condition": null }))]), Allowed),
        (
            "actions spelled Encrypt* and Decrypt*",
            policy([logs(json!({ "Action": [
                "kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*",
            ] }))]),
            Allowed,
        ),
        ("kms:* as the action", policy([logs(json!({ "Action": "kms:*" }))]), Allowed),
        (
            "the service among a list of services",
            policy([logs(json!({ "Principal": { "Service": [
                "cloudtrail.amazonaws.com", "logs.eu-west-1.amazonaws.com", "logs.us-east-1.amazonaws.com",
            ] } }))]),
            Allowed,
        ),
        (
            "the statement for query results alone names query results, not log groups",
            when(query_results.clone()),
            Missing,
        ),
        (
            "the statement for query results beside the one for log groups",
            policy([logs(json!({ "Condition": query_results })), logs(json!({}))]),
            Allowed,
        ),
    ]);
}

#[test]
fn policies_for_other_services() {
    let everyone_in_the_account = json!({ "StringEquals": {
        "kms:CallerAccount": "111122223333",
        "kms:ViaService": "ec2.us-east-1.amazonaws.com",
    } });
    check(vec![
        (
            "CloudTrail's console policy: everyone, limited by caller account and trail",
            policy([
                json!({
                    "Sid": "Allow CloudTrail to encrypt logs", "Effect": "Allow",
                    "Principal": { "Service": "cloudtrail.amazonaws.com" },
                    "Action": "kms:GenerateDataKey*", "Resource": "*",
                    "Condition": {
                        "StringEquals": { "aws:SourceArn": "arn:aws:cloudtrail:us-east-1:111122223333:trail/t" },
                        "StringLike": {
                            "kms:EncryptionContext:aws:cloudtrail:arn": "arn:aws:cloudtrail:*:111122223333:trail/*",
                        },
                    },
                }),
                json!({
                    "Sid": "Allow CloudTrail to describe key", "Effect": "Allow",
                    "Principal": { "Service": "cloudtrail.amazonaws.com" },
                    "Action": "kms:DescribeKey", "Resource": "*",
                }),
                json!({
                    "Sid": "Allow principals in the account to decrypt log files", "Effect": "Allow",
                    "Principal": { "AWS": "*" }, "Action": ["kms:Decrypt", "kms:ReEncryptFrom"], "Resource": "*",
                    "Condition": {
                        "StringEquals": { "kms:CallerAccount": "111122223333" },
                        "StringLike": {
                            "kms:EncryptionContext:aws:cloudtrail:arn": "arn:aws:cloudtrail:*:111122223333:trail/*",
                        },
                    },
                }),
                json!({
                    "Sid": "Allow alias creation during setup", "Effect": "Allow", "Principal": { "AWS": "*" },
                    "Action": "kms:CreateAlias", "Resource": "*",
                    "Condition": { "StringEquals": {
                        "kms:ViaService": "ec2.us-east-1.amazonaws.com", "kms:CallerAccount": "111122223333",
                    } },
                }),
            ]),
            Missing,
        ),
        (
            "readers of CloudTrail's files by Null on CloudTrail's context",
            policy([logs(json!({
                "Principal": "*",
                "Condition": { "Null": { "kms:EncryptionContext:aws:cloudtrail:arn": "false" } },
            }))]),
            Missing,
        ),
        (
            "an AWS managed key's policy: everyone of the account through one service",
            policy([logs(json!({ "Principal": { "AWS": "*" }, "Condition": everyone_in_the_account }))]),
            Missing,
        ),
        (
            "everyone of the account: whose account a service calls from isn't known",
            policy([logs(json!({
                "Principal": { "AWS": "*" },
                "Condition": { "StringEquals": { "kms:CallerAccount": "111122223333" } },
            }))]),
            Unknown,
        ),
        (
            "an Allow that depends on the caller's account doesn't hurt a clear grant",
            policy([
                logs(json!({})),
                json!({
                    "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "kms:Decrypt", "Resource": "*",
                    "Condition": { "StringEquals": { "kms:CallerAccount": "111122223333" } },
                }),
            ]),
            Allowed,
        ),
        (
            "grants for AWS resources are for the account's own roles",
            policy([json!({
                "Sid": "Allow attachment of persistent resources", "Effect": "Allow",
                "Principal": { "AWS": "arn:aws:iam::111122223333:role/app" },
                "Action": ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"], "Resource": "*",
                "Condition": { "Bool": { "kms:GrantIsForAWSResource": "true" } },
            })]),
            Missing,
        ),
    ]);
}

#[test]
fn each_partition_has_its_names() {
    let cases = [
        ("cn-north-1", "aws-cn", "logs.cn-north-1.amazonaws.com.cn", Allowed),
        ("cn-north-1", "aws-cn", "logs.cn-north-1.amazonaws.com", Allowed),
        ("cn-north-1", "aws-cn", "logs.cn-northwest-1.amazonaws.com.cn", Missing),
        ("us-east-1", "aws", "logs.us-east-1.amazonaws.com", Allowed),
        ("us-east-1", "aws", "logs.us-east-1.amazonaws.com.cn", Missing),
        ("us-gov-west-1", "aws-us-gov", "logs.us-gov-west-1.amazonaws.com", Allowed),
        ("us-iso-east-1", "aws-iso", "logs.us-iso-east-1.c2s.ic.gov", Allowed),
        ("us-iso-east-1", "aws-iso", "logs.us-iso-east-1.amazonaws.com", Allowed),
        ("us-isob-east-1", "aws-iso-b", "logs.us-isob-east-1.sc2s.sgov.gov", Allowed),
        ("us-isob-east-1", "aws-iso-b", "logs.us-isob-east-1.c2s.ic.gov", Missing),
        ("eusc-de-east-1", "aws-eusc", "logs.eusc-de-east-1.amazonaws.eu", Allowed),
    ];
    for (region, partition, service, expected) in cases {
        let key = KeyArn::parse(&format!("arn:{partition}:kms:{region}:111122223333:key/abc")).unwrap();
        let group =
            LogGroupArn::parse(&format!("arn:{partition}:logs:{region}:111122223333:log-group:/app/foo"))
                .unwrap();
        let document = policy([logs(json!({
            "Principal": { "Service": service },
            "Condition": { "ArnLike": {
                "kms:EncryptionContext:aws:logs:arn": format!("arn:{partition}:logs:{region}:111122223333:*"),
            } },
        }))]);
        let access = logs_access(&KeyPolicy::from_value(&document).unwrap(), &key, &group);
        assert_eq!(kind(&access), expected, "{service} in {region}: {access:?}");
    }
}

/// Which name CloudWatch Logs calls under isn't documented, in China not even which suffix; so no condition on
/// the name is answered, not even one that each of the likely names would answer alike.
#[test]
fn a_condition_on_the_services_own_name_is_unknown() {
    let key = KeyArn::parse("arn:aws-cn:kms:cn-north-1:111122223333:key/abc").unwrap();
    let group = LogGroupArn::parse("arn:aws-cn:logs:cn-north-1:111122223333:log-group:/app/foo").unwrap();
    for value in ["logs.cn-north-1.amazonaws.com", "logs.*", "cloudtrail.*"] {
        let document = policy([logs(json!({
            "Principal": "*",
            "Condition": { "StringLike": { "aws:PrincipalServiceName": value } },
        }))]);
        let access = logs_access(&KeyPolicy::from_value(&document).unwrap(), &key, &group);
        assert_eq!(kind(&access), Unknown, "{value}: {access:?}");
    }
}
