//! Facts: a resource's state, read after the event.
//!
//! A fact is known, known to be absent, not asked for, or unreadable with a reason; it is never a
//! default. Both the real account and the replay world answer in these types.

pub(crate) mod shown;

use crate::key_policy::KeyPolicy;
use crate::names::KeyArn;
use std::collections::BTreeSet;

/// The answer to one question about the account.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading<T> {
    /// Nobody needed to know.
    NotAsked,
    /// The state.
    Known(T),
    /// Taken for granted because nothing told otherwise (replay only).
    Assumed(T),
    /// There is no such resource.
    Absent,
    /// The question was asked and not answered.
    Unreadable(Unreadable),
}

/// Why a fact couldn't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The call and its error, cleaned.
    pub why: String,
    /// Whether asking again later may help.
    pub retryable: bool,
}

/// The answer to "what is this key?".
#[derive(Debug, Clone, PartialEq)]
pub enum KeyReading {
    /// The key's state.
    Known(Box<KeyFacts>),
    /// There is no such key or alias.
    Absent,
    /// Nothing tells of this key, and a replay takes it as usable.
    Assumed,
    /// The question was asked and not answered.
    Unreadable(Unreadable),
}

/// A KMS key, as far as using it for logs is concerned.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyFacts {
    /// The key's own ARN, also where it was asked for by alias.
    pub arn: KeyArn,
    /// `KeyState`
    pub state: KeyState,
    /// Whether `KeySpec` is `SYMMETRIC_DEFAULT`, else the spec.
    pub spec: KeySpec,
    /// Whether `KeyUsage` is `ENCRYPT_DECRYPT`, else the usage.
    pub usage: KeyUsage,
    /// `KeyManager`
    pub manager: KeyManager,
    /// The policy called `default`.
    pub policy: KeyPolicyFact,
    /// What is taken for granted about the key because nothing told it (replay only).
    pub assumed: BTreeSet<&'static str>,
}

/// A key's policy.
#[derive(Debug, Clone, PartialEq)]
pub enum KeyPolicyFact {
    /// As read.
    Known(KeyPolicy),
    /// Taken to let the service in, because nothing told it (replay only).
    Assumed,
    /// Couldn't be read, or isn't a policy.
    Unreadable(Unreadable),
}

/// `KeyState` of KMS's DescribeKey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyState {
    /// Ready.
    Enabled,
    /// Switched off.
    Disabled,
    /// Dies on `deletion_date`.
    PendingDeletion {
        /// When, as far as it is known, for people.
        deletion_date: Option<String>,
    },
    /// A primary that waits for its replicas to be deleted.
    PendingReplicaDeletion,
    /// Has no key material.
    PendingImport,
    /// Any other state, by AWS's name: `Creating`, `Unavailable`, `Updating`, or one that is new.
    Other(String),
}

/// `KeySpec` of DescribeKey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySpec {
    /// `SYMMETRIC_DEFAULT`
    SymmetricDefault,
    /// Any other, by AWS's name.
    Other(String),
}

/// `KeyUsage` of DescribeKey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyUsage {
    /// `ENCRYPT_DECRYPT`
    EncryptDecrypt,
    /// Any other, by AWS's name.
    Other(String),
}

/// `KeyManager` of DescribeKey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyManager {
    /// The account's own key.
    Customer,
    /// A key of an AWS service, whose policy can't be changed, or a manager that is new.
    Other(String),
}

impl KeyState {
    /// Reads AWS's name of a state.
    #[must_use]
    pub fn named(name: &str) -> Self {
        match name {
            "Enabled" => Self::Enabled,
            "Disabled" => Self::Disabled,
            "PendingDeletion" => Self::PendingDeletion { deletion_date: None },
            "PendingReplicaDeletion" => Self::PendingReplicaDeletion,
            "PendingImport" => Self::PendingImport,
            other => Self::Other(crate::untrusted::clean(other, 60)),
        }
    }

    /// The same state, with the date on which a key that is scheduled for deletion dies.
    #[must_use]
    pub fn dying_on(self, deletion_date: Option<String>) -> Self {
        match self {
            Self::PendingDeletion { .. } => Self::PendingDeletion { deletion_date },
            Self::Enabled
            | Self::Disabled
            | Self::PendingReplicaDeletion
            | Self::PendingImport
            | Self::Other(_) => self,
        }
    }

    /// AWS's name of the state.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Enabled => "Enabled",
            Self::Disabled => "Disabled",
            Self::PendingDeletion { .. } => "PendingDeletion",
            Self::PendingReplicaDeletion => "PendingReplicaDeletion",
            Self::PendingImport => "PendingImport",
            Self::Other(name) => name,
        }
    }
}

impl KeySpec {
    /// Reads AWS's name of a key spec.
    #[must_use]
    pub fn named(name: &str) -> Self {
        if name == "SYMMETRIC_DEFAULT" {
            Self::SymmetricDefault
        } else {
            Self::Other(crate::untrusted::clean(name, 60))
        }
    }
}

impl KeyUsage {
    /// Reads AWS's name of a key usage.
    #[must_use]
    pub fn named(name: &str) -> Self {
        if name == "ENCRYPT_DECRYPT" {
            Self::EncryptDecrypt
        } else {
            Self::Other(crate::untrusted::clean(name, 60))
        }
    }
}

impl KeyManager {
    /// Reads AWS's name of a key manager.
    #[must_use]
    pub fn named(name: &str) -> Self {
        if name == "CUSTOMER" { Self::Customer } else { Self::Other(crate::untrusted::clean(name, 60)) }
    }
}

impl Unreadable {
    /// A reason that time won't mend.
    #[must_use]
    pub fn for_good(why: impl Into<String>) -> Self {
        Self { why: why.into(), retryable: false }
    }
}

impl<T> Reading<T> {
    /// The state, if it is known.
    #[must_use]
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::NotAsked | Self::Assumed(_) | Self::Absent | Self::Unreadable(_) => None,
        }
    }
}
