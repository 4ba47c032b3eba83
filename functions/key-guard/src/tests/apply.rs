//! What is written, in which order, and what becomes of a write that doesn't work.

use super::*;
use aws_sdk_kms::operation::enable_key::EnableKeyError;
use aws_sdk_kms::types::error::{KmsInvalidStateException, NotFoundException};
use aws_smithy_types::error::ErrorMetadata;

/// What CloudTrail's history tells of a key that this was done to a week before it was scheduled.
fn before(name: &str) -> Rule {
    let long_ago = Timestamp::now() - jiff::SignedDuration::from_hours(7 * 24);
    history(vec![past("before-1", name, &long_ago.to_string(), &json!({ "keyId": KEY }))])
}

fn meta(code: &str) -> ErrorMetadata {
    ErrorMetadata::builder().code(code).message("said so").build()
}

fn invalid_state() -> EnableKeyError {
    let meta = meta("KMSInvalidStateException");
    EnableKeyError::KmsInvalidStateException(KmsInvalidStateException::builder().meta(meta).build())
}

fn email(receipt: &Value) -> String {
    receipt["page"]["text"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_scheduled_deletion_is_cancelled_the_key_then_enabled_and_each_read_back() {
    let account =
        Account { lookup: before("EnableKey"), ..Account::of(&["PendingDeletion", "Disabled", "Enabled"]) };
    let (receipt, failed) = account.handle(&scheduled()).await;
    assert!(failed.is_none(), "{receipt}");
    assert_eq!(outcomes(&receipt), [("key-not-pending-deletion", "applied"), ("key-enabled", "applied")]);
    // The states are shown one look after the other, so that each look must follow its write.
    let calls =
        [&account.describe, &account.cancel, &account.enable, &account.published].map(Rule::num_calls);
    assert_eq!(calls, [3, 1, 1, 1]);
}

#[tokio::test]
async fn outside_the_mode_remediate_nothing_is_written() {
    for (mode, pages) in [("observe", 0), ("page", 1)] {
        let account = Account { lookup: before("EnableKey"), ..Account::of(&["PendingDeletion"]) };
        let (receipt, _) = account.handle_by(&format!("mode = \"{mode}\"\n"), &scheduled()).await;
        let withheld = [("key-not-pending-deletion", "withheld"), ("key-enabled", "withheld")];
        assert_eq!((outcomes(&receipt), account.published.num_calls()), (withheld.to_vec(), pages));
        assert_eq!(account.writes(), 0);
    }
}

#[tokio::test]
async fn kms_may_still_see_the_deletion_that_was_cancelled() {
    let enable = mock!(Kms::enable_key)
        .sequence()
        .error(invalid_state)
        .output(|| EnableKeyOutput::builder().build())
        .build();
    let states = ["PendingDeletion", "Disabled", "PendingDeletion", "Enabled"];
    let account = Account { enable, lookup: before("EnableKey"), ..Account::of(&states) };
    let (receipt, failed) = account.handle(&scheduled()).await;
    assert!(failed.is_none(), "{receipt}");
    assert_eq!(outcomes(&receipt), [("key-not-pending-deletion", "applied"), ("key-enabled", "applied")]);
    assert_eq!(account.enable.num_calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_stays_pending_is_a_failure() {
    let cancel =
        mock!(Kms::cancel_key_deletion).then_http_response(|| error(400, "KMSInvalidStateException"));
    let account = Account { cancel, lookup: before("DisableKey"), ..Account::of(&["PendingDeletion"]) };
    let (receipt, failed) = account.handle(&scheduled()).await;
    assert!(matches!(failed, Some(Unfinished::Effect(_))), "{receipt}");
    assert_eq!(outcomes(&receipt), [("key-not-pending-deletion", "failed")]);
    assert_eq!(receipt["page"]["outcome"], "sent");
}

#[tokio::test]
async fn a_deletion_that_somebody_else_cancelled_meanwhile_is_no_trouble() {
    let cancel =
        mock!(Kms::cancel_key_deletion).then_http_response(|| error(400, "KMSInvalidStateException"));
    let account =
        Account { cancel, lookup: before("DisableKey"), ..Account::of(&["PendingDeletion", "Disabled"]) };
    let (receipt, failed) = account.handle(&scheduled()).await;
    assert_eq!(outcomes(&receipt), [("key-not-pending-deletion", "applied")], "{receipt}");
    assert!(failed.is_none());
}

#[tokio::test]
async fn a_key_without_material_is_not_tried_again() {
    let enable = mock!(Kms::enable_key).then_error(invalid_state);
    let account = Account { enable, ..Account::of(&["Disabled", "PendingImport"]) };
    let (receipt, failed) = account.handle(&disabled()).await;
    assert!(failed.is_none(), "{receipt}");
    assert_eq!(outcomes(&receipt), [("key-enabled", "refused")]);
    assert!(email(&receipt).contains("aws kms import-key-material"), "{}", email(&receipt));
    assert_eq!(account.enable.num_calls(), 1);
}

#[tokio::test]
async fn a_key_in_a_disconnected_store_is_enabled_once_that_is_connected() {
    let account = Account::of(&["Disabled", "Unavailable"]);
    let (receipt, failed) = account.handle(&disabled()).await;
    assert!(failed.is_none(), "{receipt}");
    assert_eq!(outcomes(&receipt), [("key-enabled", "refused")]);
    assert!(email(&receipt).contains("aws kms connect-custom-key-store"), "{}", email(&receipt));
}

#[tokio::test]
async fn a_key_that_goes_meanwhile_is_looked_at_again() {
    let cancel = mock!(Kms::cancel_key_deletion).then_http_response(|| error(400, "NotFoundException"));
    let describe = mock!(Kms::describe_key)
        .sequence()
        .output(|| described("PendingDeletion"))
        .http_response(|| error(400, "NotFoundException"))
        .repeatedly()
        .build();
    let account = Account { cancel, describe, ..Account::of(&["Enabled"]) };
    let (receipt, _) = account.handle(&scheduled()).await;
    assert_eq!((&receipt["verdict"], &receipt["effects"]), (&json!("unknown"), &json!([])));
    assert_eq!(receipt["findings"][0]["id"], "key.deleted", "its end is told: {receipt}");
    assert_eq!((account.cancel.num_calls(), account.enable.num_calls()), (1, 0));
}

#[tokio::test]
async fn a_key_that_goes_between_the_two_writes_leaves_the_first_in_the_receipt() {
    let enable = mock!(Kms::enable_key).then_error(|| {
        let meta = meta("NotFoundException");
        EnableKeyError::NotFoundException(NotFoundException::builder().meta(meta).build())
    });
    let describe = mock!(Kms::describe_key)
        .sequence()
        .output(|| described("PendingDeletion"))
        .output(|| described("Disabled"))
        .http_response(|| error(400, "NotFoundException"))
        .repeatedly()
        .build();
    let account = Account { enable, describe, lookup: before("EnableKey"), ..Account::of(&["Enabled"]) };
    let (receipt, _) = account.handle(&scheduled()).await;
    assert_eq!(receipt["findings"][0]["id"], "key.deleted", "{receipt}");
    let reasons = receipt["reasons"].to_string();
    assert!(
        reasons.contains(&format!("before it was gone: cancel the deletion of key {ID}: applied")),
        "{reasons}"
    );
}

#[tokio::test]
async fn a_refused_write_tells_the_statement_and_the_keys_own_policy() {
    for (event, state, action) in
        [(scheduled(), "PendingDeletion", "kms:CancelKeyDeletion"), (disabled(), "Disabled", "kms:EnableKey")]
    {
        let cancel = mock!(Kms::cancel_key_deletion).then_http_response(denied);
        let enable = mock!(Kms::enable_key).then_http_response(denied);
        let account = Account { cancel, enable, ..Account::of(&[state]) };
        let (receipt, failed) = account.handle(&event).await;
        assert!(failed.is_none(), "it was paged, and trying again changes nothing: {receipt}");
        assert_eq!(outcomes(&receipt)[0].1, "refused");
        let email = email(&receipt);
        assert!(email.contains(&format!("\"Action\": \"{action}\"")), "{email}");
        assert!(email.contains("aws kms get-key-policy"), "{email}");
    }
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_read_back_before_it_is_called_failed() {
    for (shown, expected) in [("Enabled", "applied"), ("Disabled", "failed")] {
        let enable = mock!(Kms::enable_key).then_http_response(|| error(500, "KMSInternalException"));
        let account = Account { enable, ..Account::of(&["Disabled", shown]) };
        let (receipt, failed) = account.handle(&disabled()).await;
        assert_eq!(outcomes(&receipt), [("key-enabled", expected)], "{receipt}");
        assert_eq!(failed.is_some(), expected == "failed");
    }
}

#[tokio::test]
async fn a_write_that_cannot_be_read_back_for_good_is_told() {
    let describe = mock!(Kms::describe_key)
        .sequence()
        .output(|| described("Disabled"))
        .http_response(denied)
        .repeatedly()
        .build();
    let account = Account { describe, ..Account::of(&["Enabled"]) };
    let (receipt, failed) = account.handle(&disabled()).await;
    assert!(failed.is_none(), "{receipt}");
    assert_eq!(outcomes(&receipt), [("key-enabled", "refused")]);
    assert!(receipt["effects"][0]["error"].as_str().unwrap().contains("can't be read back"), "{receipt}");
    assert_eq!(account.enable.num_calls(), 1);
}

#[tokio::test]
async fn a_primary_whose_replicas_live_is_rescued_too() {
    let states = ["PendingReplicaDeletion", "PendingReplicaDeletion", "Disabled"];
    let account = Account { lookup: before("DisableKey"), ..Account::of(&states) };
    let (receipt, _) = account.handle(&scheduled()).await;
    assert_eq!(outcomes(&receipt), [("key-not-pending-deletion", "applied")], "{receipt}");
    assert_eq!(account.describe.num_calls(), 3, "a state that isn't there yet is looked at again");
}

#[tokio::test]
async fn a_key_is_not_enabled_where_its_deletion_could_not_be_cancelled() {
    let cancel = mock!(Kms::cancel_key_deletion).then_http_response(|| error(400, "AccessDeniedException"));
    let account = Account {
        cancel,
        lookup: before("EnableKey"),
        ..Account::of(&["PendingDeletion", "PendingDeletion"])
    };
    let (receipt, _) = account.handle(&scheduled()).await;
    assert_eq!(
        outcomes(&receipt),
        [("key-not-pending-deletion", "refused"), ("key-enabled", "refused")],
        "{receipt}"
    );
    assert_eq!(account.enable.num_calls(), 0);
}

#[tokio::test]
async fn an_instance_counts_its_own_repairs_before_the_history_shows_them() {
    let once = ["PendingDeletion", "Disabled", "Enabled"];
    let states: Vec<&'static str> =
        once.iter().cycle().take(9).chain(&["PendingDeletion"]).copied().collect();
    let account = Account { lookup: before("EnableKey"), ..Account::of(&states) };
    let guard = account.guard("mode = \"remediate\"\n");
    for _ in 0..3 {
        let (receipt, _) = account.handle_in(&guard, &scheduled()).await;
        assert_eq!(outcomes(&receipt).len(), 2, "{receipt}");
    }
    let (stopped, _) = account.handle_in(&guard, &scheduled()).await;
    assert_eq!((outcomes(&stopped).len(), account.writes()), (0, 6), "{stopped}");
}
