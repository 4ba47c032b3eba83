//! Which recorded calls tell a replay anything: those that guards handle, and those that change what the world knows.
//!
//! Known by service and name alone, so that an archive's reader can pass over all others unread.

/// What a replay makes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interest {
    /// Nothing: leaving it out changes no receipt.
    None,
    /// That its key was in use at that time.
    Use,
    /// All that it says.
    Whole,
}

/// What a replay makes of the call `name` of `source`, such as `kms.amazonaws.com`.
#[must_use]
pub fn interest(source: &str, name: &str) -> Interest {
    match source {
        "logs.amazonaws.com" => whole(matches!(
            name,
            "CreateLogGroup"
                | "DeleteLogGroup"
                | "AssociateKmsKey"
                | "DisassociateKmsKey"
                | "TagLogGroup"
                | "UntagLogGroup"
                | "TagResource"
                | "UntagResource"
        )),
        "cloudtrail.amazonaws.com" => whole(matches!(
            name,
            "CreateTrail"
                | "UpdateTrail"
                | "DeleteTrail"
                | "StartLogging"
                | "StopLogging"
                | "PutEventSelectors"
                | "PutInsightSelectors"
                | "AddTags"
                | "RemoveTags"
        )),
        "kms.amazonaws.com" if is_use(name) => Interest::Use,
        "kms.amazonaws.com" => whole(matches!(
            name,
            "CreateKey"
                | "ReplicateKey"
                | "PutKeyPolicy"
                | "EnableKey"
                | "DisableKey"
                | "EnableKeyRotation"
                | "DisableKeyRotation"
                | "ImportKeyMaterial"
                | "DeleteImportedKeyMaterial"
                | "DeleteExpiredKeyMaterial"
                | "KMS Imported Key Material Expiration"
                | "ScheduleKeyDeletion"
                | "CancelKeyDeletion"
                | "DeleteKey"
                | "KMS CMK Deletion"
                | "CreateGrant"
                | "RevokeGrant"
                | "RetireGrant"
                | "CreateAlias"
                | "UpdateAlias"
                | "DeleteAlias"
                | "TagResource"
                | "UntagResource"
        )),
        _ => Interest::None,
    }
}

fn whole(is_it: bool) -> Interest {
    if is_it { Interest::Whole } else { Interest::None }
}

/// A cryptographic operation: what KMS counts as a use of a key.
///
/// Source: KMS API reference, GetKeyLastUsage, `Operation`.
fn is_use(name: &str) -> bool {
    matches!(
        name,
        "Decrypt"
            | "Encrypt"
            | "GenerateDataKey"
            | "GenerateDataKeyWithoutPlaintext"
            | "GenerateDataKeyPair"
            | "GenerateDataKeyPairWithoutPlaintext"
            | "ReEncrypt"
            | "Sign"
            | "Verify"
            | "GenerateMac"
            | "VerifyMac"
            | "DeriveSharedSecret"
            | "Encapsulate"
            | "Decapsulate"
    )
}
