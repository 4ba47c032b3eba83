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
///
/// Also of bytes that nobody took for text yet: there are millions.
#[must_use]
pub fn interest(source: impl AsRef<[u8]>, name: impl AsRef<[u8]>) -> Interest {
    let name = name.as_ref();
    match source.as_ref() {
        b"logs.amazonaws.com" => whole(matches!(
            name,
            b"CreateLogGroup"
                | b"DeleteLogGroup"
                | b"AssociateKmsKey"
                | b"DisassociateKmsKey"
                | b"TagLogGroup"
                | b"UntagLogGroup"
                | b"TagResource"
                | b"UntagResource"
        )),
        b"cloudtrail.amazonaws.com" => whole(matches!(
            name,
            b"CreateTrail"
                | b"UpdateTrail"
                | b"DeleteTrail"
                | b"StartLogging"
                | b"StopLogging"
                | b"PutEventSelectors"
                | b"PutInsightSelectors"
                | b"AddTags"
                | b"RemoveTags"
        )),
        b"kms.amazonaws.com" if is_use(name) => Interest::Use,
        b"kms.amazonaws.com" => whole(matches!(
            name,
            b"CreateKey"
                | b"ReplicateKey"
                | b"PutKeyPolicy"
                | b"EnableKey"
                | b"DisableKey"
                | b"EnableKeyRotation"
                | b"DisableKeyRotation"
                | b"ImportKeyMaterial"
                | b"DeleteImportedKeyMaterial"
                | b"RotateKeyOnDemand"
                | b"DeleteExpiredKeyMaterial"
                | b"KMS Imported Key Material Expiration"
                | b"ScheduleKeyDeletion"
                | b"CancelKeyDeletion"
                | b"DeleteKey"
                | b"KMS CMK Deletion"
                | b"CreateGrant"
                | b"RevokeGrant"
                | b"RetireGrant"
                | b"CreateAlias"
                | b"UpdateAlias"
                | b"DeleteAlias"
                | b"TagResource"
                | b"UntagResource"
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
fn is_use(name: &[u8]) -> bool {
    matches!(
        name,
        b"Decrypt"
            | b"Encrypt"
            | b"GenerateDataKey"
            | b"GenerateDataKeyWithoutPlaintext"
            | b"GenerateDataKeyPair"
            | b"GenerateDataKeyPairWithoutPlaintext"
            | b"ReEncrypt"
            | b"Sign"
            | b"Verify"
            | b"GenerateMac"
            | b"VerifyMac"
            | b"DeriveSharedSecret"
            | b"Encapsulate"
            | b"Decapsulate"
    )
}
