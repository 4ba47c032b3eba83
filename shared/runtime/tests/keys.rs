//! Which calls reading a key takes, against a KMS that answers as the test says.

#![expect(clippy::unwrap_used, reason = "what goes wrong fails the test")]

use aws_sdk_kms::Client as Kms;
use aws_sdk_kms::operation::describe_key::DescribeKeyOutput;
use aws_sdk_kms::operation::get_key_policy::GetKeyPolicyOutput;
use aws_sdk_kms::types::KeyMetadata;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use sealwatch_policy::facts::{KeyPolicyFact, KeyReading};
use sealwatch_policy::names::{AccountId, KeyArn, KeyRef};
use sealwatch_runtime::clients::Clients;
use sealwatch_runtime::deadline::Deadline;
use sealwatch_runtime::keys::Keys;
use std::collections::BTreeSet;
use std::time::Duration;

const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1a2b3c4d-0000-4a4a-8b8b-000000000001";

/// Reads the key by its ARN, as a function of `own` would, twice; gives the second reading.
async fn read_by(own: &str) -> (KeyReading, [usize; 2]) {
    let described = mock!(Kms::describe_key).then_output(|| {
        let metadata = KeyMetadata::builder().key_id("1a2b3c4d").arn(KEY).build().unwrap();
        DescribeKeyOutput::builder().key_metadata(metadata).build()
    });
    let policy = mock!(Kms::get_key_policy).then_output(|| {
        let document = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}"#;
        GetKeyPolicyOutput::builder().policy(document).build()
    });
    let clients = Clients::of(
        mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, []),
        mock_client!(aws_sdk_kms, RuleMode::MatchAny, [&described, &policy]),
        mock_client!(aws_sdk_sns, RuleMode::MatchAny, []),
        mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, []),
    );
    clients.belong_to(AccountId::parse(own).unwrap());
    let keys = Keys::default();
    let wanted = BTreeSet::from([KeyRef::Key(KeyArn::parse(KEY).unwrap())]);
    let deadline = Deadline::within(Duration::from_secs(5));
    keys.read(&clients, wanted.clone(), &deadline).await;
    let (_, reading) = keys.read(&clients, wanted, &deadline).await.pop().unwrap();
    (reading, [&described, &policy].map(Rule::num_calls))
}

#[tokio::test]
async fn a_key_of_this_account_is_read_once() {
    let (reading, calls) = read_by("111122223333").await;
    assert!(matches!(&reading, KeyReading::Known(key) if matches!(key.policy, KeyPolicyFact::Known(_))));
    assert_eq!(calls, [1, 1]);
}

#[tokio::test]
async fn the_policy_of_another_accounts_key_is_never_asked_for() {
    let (reading, calls) = read_by("999999999999").await;
    let KeyReading::Known(key) = &reading else { unreachable!("{reading:?}") };
    let KeyPolicyFact::Unreadable(why) = &key.policy else { unreachable!("{reading:?}") };
    assert!(!why.retryable && why.why.contains("only to its own account"), "{why:?}");
    assert_eq!(calls, [2, 0]);
}
