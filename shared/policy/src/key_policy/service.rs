//! What CloudWatch Logs needs of a key, whether a policy gives it, and the statement that would; and what is
//! common to all services.
//!
//! Answers for one log group at a time, under exactly its encryption context. It never looks at the key's
//! state, and it never changes a policy: the statement is for a person to add.

use super::condition::{ContextValue, RequestContext};
use super::document::KeyPolicy;
use super::evaluate::{Access, Caller, Doubt, Request, evaluate};
use super::truth::extend_unique;
use crate::names::{KeyArn, LogGroupArn, Place, Region};
use serde_json::{Value, json};

/// Whether a service may use a key for one resource.
#[derive(Debug, Clone, PartialEq)]
pub enum ServiceAccess {
    /// Every action that the service needs is allowed.
    Allowed,
    /// No statement allows these actions; adding `statements` does.
    Missing {
        /// As AWS's documentation writes them, such as `kms:GenerateDataKey*`.
        actions: Vec<&'static str>,
        /// The statements to add.
        statements: Vec<Value>,
    },
    /// A Deny statement applies: adding a statement won't help.
    Denied {
        /// As AWS's documentation writes them.
        actions: Vec<&'static str>,
        /// Such as "statement 2 (`DenyOutsiders`)", cleaned; several are separated by commas.
        by: String,
    },
    /// Can't tell: never to be treated as allowed.
    Unknown {
        /// The reasons, cleaned, each once.
        why: Vec<String>,
        /// The statements that grant what is needed, unless a Deny in doubt takes it away.
        statements: Vec<Value>,
    },
}

/// The calls CloudWatch Logs makes with a key, beside the action that AWS's documented statement has for it.
///
/// Source: CloudWatch Logs User Guide, "Encrypt log data in CloudWatch Logs using AWS KMS", step 2.
const LOGS_ACTIONS: [(&str, &str); 7] = [
    ("kms:Encrypt", "kms:Encrypt"),
    ("kms:Decrypt", "kms:Decrypt"),
    ("kms:ReEncryptFrom", "kms:ReEncrypt*"),
    ("kms:ReEncryptTo", "kms:ReEncrypt*"),
    ("kms:GenerateDataKey", "kms:GenerateDataKey*"),
    ("kms:GenerateDataKeyWithoutPlaintext", "kms:GenerateDataKey*"),
    ("kms:DescribeKey", "kms:Describe*"),
];

/// May CloudWatch Logs use `key` under the encryption context of `group`?
#[must_use]
pub fn logs_access(policy: &KeyPolicy, key: &KeyArn, group: &LogGroupArn) -> ServiceAccess {
    let principals = logs_principals(&group.place().region);
    let context = logs_context(key, group);
    let answers = LOGS_ACTIONS.iter().map(|(action, documented)| {
        let request = Request { caller: Caller::Service(&principals), action, key, context: &context };
        (*documented, evaluate(policy, &request))
    });
    summarize(answers, |_| vec![logs_statement(policy, group.place())])
}

/// One answer for all actions; `statements` makes those that grant the given actions, or all if none is given.
///
/// INVARIANT: `Missing` means that adding the statements gives `Allowed`, so an action that may be denied makes
/// the whole `Unknown` even where another one is plainly missing.
pub(super) fn summarize(
    answers: impl Iterator<Item = (&'static str, Access)>,
    statements: impl FnOnce(&[&'static str]) -> Vec<Value>,
) -> ServiceAccess {
    let (mut missing, mut denied, mut by) = (Vec::new(), Vec::new(), Vec::new());
    let (mut maybe_allowed, mut maybe_denied) = (Vec::new(), Vec::new());
    for (action, access) in answers {
        match access {
            Access::Allowed { by: _ } => {}
            Access::Missing => push_unique(&mut missing, action),
            Access::Denied { by: statement } => {
                push_unique(&mut denied, action);
                extend_unique(&mut by, [statement]);
            }
            Access::Unknown { doubt: Doubt::MaybeAllowed, why } => extend_unique(&mut maybe_allowed, why),
            Access::Unknown { doubt: Doubt::MaybeDenied, why } => extend_unique(&mut maybe_denied, why),
        }
    }
    if !denied.is_empty() {
        ServiceAccess::Denied { actions: denied, by: by.join(", ") }
    } else if !maybe_denied.is_empty() {
        let unallowed = missing.iter().map(|action| format!("no statement allows `{action}`"));
        extend_unique(&mut maybe_denied, maybe_allowed.into_iter().chain(unallowed));
        ServiceAccess::Unknown { why: maybe_denied, statements: statements(&[]) }
    } else if !missing.is_empty() {
        // What is in doubt is granted too: else it would be the next obstacle.
        let statements = if maybe_allowed.is_empty() { statements(&missing) } else { statements(&[]) };
        ServiceAccess::Missing { actions: missing, statements }
    } else if !maybe_allowed.is_empty() {
        ServiceAccess::Unknown { why: maybe_allowed, statements: statements(&[]) }
    } else {
        ServiceAccess::Allowed
    }
}

fn push_unique(list: &mut Vec<&'static str>, item: &'static str) {
    if !list.contains(&item) {
        list.push(item);
    }
}

/// The Regional names of CloudWatch Logs; a policy that names `logs.amazonaws.com` doesn't name it.
///
/// Which DNS suffix the key policies of China need isn't documented alike everywhere, so either is accepted; the
/// same goes for the isolated partitions.
fn logs_principals(region: &Region) -> Vec<String> {
    const GLOBAL: &str = "amazonaws.com";
    let own = region.partition().dns_suffix();
    let other = (own != GLOBAL).then_some(own);
    [GLOBAL].into_iter().chain(other).map(|suffix| format!("logs.{region}.{suffix}")).collect()
}

/// What is known about CloudWatch Logs' calls for `group`.
///
/// Source: KMS Developer Guide, "Condition keys for AWS KMS"; IAM User Guide, "Global condition context
/// keys"; the same context for DescribeKey, as AWS's documented statement has it for `kms:Describe*`.
fn logs_context(key: &KeyArn, group: &LogGroupArn) -> RequestContext {
    let one = |value: &str| ContextValue::Present(vec![value.to_owned()]);
    service_context(key)
        .with("kms:EncryptionContext:aws:logs:arn", one(&group.to_string()))
        .with("kms:EncryptionContextKeys", one("aws:logs:arn"))
        .with("aws:SourceAccount", ContextValue::PresentIfAtAll(vec![group.place().account.to_string()]))
        // Policies write log-group ARNs with and without `:*`, and so do CloudWatch Logs' own APIs.
        .with("aws:SourceArn", ContextValue::PresentIfAtAll(vec![group.to_string(), format!("{group}:*")]))
}

/// What is known about any service that calls KMS in its own name.
///
/// Nothing is said of `aws:PrincipalServiceName` and `aws:PrincipalServiceNamesList`: which of its names a service
/// calls under, and which of them the list holds, is documented for no service here.
pub(super) fn service_context(key: &KeyArn) -> RequestContext {
    /// Keys about a person or role, or about the way of a call through another service or a network.
    const ABSENT: [&str; 9] = [
        "aws:PrincipalOrgID",
        "aws:PrincipalOrgPaths",
        "aws:MultiFactorAuthPresent",
        "aws:MultiFactorAuthAge",
        "aws:userid",
        "aws:username",
        "aws:SourceVpc",
        "aws:SourceVpce",
        "kms:ViaService",
    ];
    let one = |value: &str| ContextValue::Present(vec![value.to_owned()]);
    let stated = RequestContext::default()
        .with("aws:SecureTransport", one("true"))
        .with("aws:PrincipalIsAWSService", one("true"))
        .with("aws:ViaAWSService", one("false"))
        .with("aws:RequestedRegion", one(key.place().region.as_str()))
        .with_family("kms:EncryptionContext:", ContextValue::Absent)
        .with_family("aws:PrincipalTag/", ContextValue::Absent);
    ABSENT.iter().fold(stated, |context, key| context.with(key, ContextValue::Absent))
}

/// AWS's documented statement, for all log groups of the group's account and Region.
fn logs_statement(policy: &KeyPolicy, place: &Place) -> Value {
    let Place { account, region } = place;
    let mut actions = Vec::new();
    LOGS_ACTIONS.iter().for_each(|(_, documented)| push_unique(&mut actions, documented));
    json!({
        "Sid": free_sid(policy, "AllowCloudWatchLogs"),
        "Effect": "Allow",
        "Principal": { "Service": format!("logs.{region}.amazonaws.com") },
        "Action": actions,
        "Resource": "*",
        "Condition": { "ArnLike": {
            "kms:EncryptionContext:aws:logs:arn": format!("arn:{}:logs:{region}:{account}:*", region.partition()),
        } },
    })
}

/// `wanted`, or with the first number behind it that no statement's `Sid` has taken.
pub(super) fn free_sid(policy: &KeyPolicy, wanted: &str) -> String {
    let taken = |sid: &str| {
        policy.statements.iter().any(|it| it.sid.as_deref().is_some_and(|t| t.eq_ignore_ascii_case(sid)))
    };
    // INVARIANT: one more candidate than there are statements, so one of them is free.
    let numbered = (2..=policy.statements.len().saturating_add(2)).map(|number| format!("{wanted}{number}"));
    [wanted.to_owned()]
        .into_iter()
        .chain(numbered)
        .find(|sid| !taken(sid))
        .unwrap_or_else(|| wanted.to_owned())
}
