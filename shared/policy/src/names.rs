//! AWS's own names as types: account, Region, log group, key.
//!
//! A value of one of these types has been checked against AWS's documented syntax, so that code which
//! holds one needs no further checks and text an attacker wrote can't travel inside it. Nothing here
//! ever repairs a bad name.

use serde::{Serialize, Serializer};
use std::fmt;
use thiserror::Error;

/// Why a text is not the name it should be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NameError {
    /// An account id is exactly twelve digits.
    #[error("`{0}` is not an AWS account id (twelve digits)")]
    Account(String),
    /// A Region is lower-case letters, digits and hyphens.
    #[error("`{0}` is not an AWS Region (such as `eu-central-1`)")]
    Region(String),
    /// A log-group name has 1 to 512 of `a-z A-Z 0-9 _ - / . #`.
    #[error("`{0}` is not a log-group name (1 to 512 of a-z, A-Z, 0-9, `_`, `-`, `/`, `.`, `#`)")]
    LogGroup(String),
    /// Not `arn:P:logs:R:A:log-group:NAME`.
    #[error("`{0}` is not a log-group ARN (`arn:aws:logs:REGION:ACCOUNT:log-group:NAME`)")]
    LogGroupArn(String),
    /// Not `arn:P:kms:R:A:key/ID`.
    #[error("`{0}` is not a KMS key ARN (`arn:aws:kms:REGION:ACCOUNT:key/ID`)")]
    KeyArn(String),
    /// Neither an alias, an alias ARN nor a key ARN.
    #[error("`{0}` is not a key: give an alias (`alias/NAME`), an alias ARN or a key ARN")]
    KeyRef(String),
}

fn excerpt(text: &str) -> String {
    crate::untrusted::clean(text, 120)
}

macro_rules! text_newtype {
    ($name:ident) => {
        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
    };
}

/// A twelve-digit AWS account id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(String);
text_newtype!(AccountId);

impl AccountId {
    /// # Errors
    /// If `text` is not twelve digits.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError::Account(excerpt(text)))
        }
    }
}

/// An AWS Region, such as `eu-central-1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(String);
text_newtype!(Region);

impl Region {
    /// # Errors
    /// If `text` is not lower-case letters, digits and hyphens, 3 to 32 of them.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let shaped = (3..=32).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && text.contains('-')
            && text.starts_with(|first: char| first.is_ascii_lowercase());
        if shaped { Ok(Self(text.to_owned())) } else { Err(NameError::Region(excerpt(text))) }
    }

    /// The partition that the Region lies in.
    ///
    /// Source: AWS's `partitions.json`, which names a prefix for each partition and `aws` for the rest.
    #[must_use]
    pub fn partition(&self) -> Partition {
        const PREFIXES: [(&str, Partition); 8] = [
            ("cn-", Partition("aws-cn")),
            ("us-gov-", Partition("aws-us-gov")),
            ("us-iso-", Partition("aws-iso")),
            ("us-isob-", Partition("aws-iso-b")),
            ("eu-isoe-", Partition("aws-iso-e")),
            ("us-isof-", Partition("aws-iso-f")),
            ("eusc-", Partition("aws-eusc")),
            ("", Partition("aws")),
        ];
        PREFIXES
            .iter()
            .find(|(prefix, _)| self.0.starts_with(prefix))
            .map_or(Partition("aws"), |(_, partition)| *partition)
    }
}

/// An AWS partition: `aws`, `aws-cn`, `aws-us-gov`, …
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition(&'static str);

impl Partition {
    /// The partition as it stands in an ARN.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// One account in one Region: the place that a resource lives in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The owner of the resource.
    pub account: AccountId,
    /// The Region of the resource.
    pub region: Region,
}

/// A log-group name by the API's rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogGroupName(String);
text_newtype!(LogGroupName);

impl LogGroupName {
    /// # Errors
    /// If `text` is not 1 to 512 of `a-z A-Z 0-9 _ - / . #`.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let shaped = (1..=512).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-/.#".contains(&byte));
        if shaped { Ok(Self(text.to_owned())) } else { Err(NameError::LogGroup(excerpt(text))) }
    }
}

/// The parts of `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `aws`, `aws-cn`, …
    pub partition: &'a str,
    /// `kms`, `logs`, …
    pub service: &'a str,
    /// May be empty for global services.
    pub region: &'a str,
    /// May be empty.
    pub account: &'a str,
    /// Everything behind the fifth colon.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Splits an ARN at its first five colons; `None` if it has fewer or doesn't begin with `arn`.
    #[must_use]
    pub fn split(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let (arn, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
        let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
        (arn == "arn").then_some(Self { partition, service, region, account, resource })
    }

    /// The account and Region, if both are well-formed and the partition is the Region's.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        let place =
            Place { account: AccountId::parse(self.account).ok()?, region: Region::parse(self.region).ok()? };
        (place.region.partition().as_str() == self.partition).then_some(place)
    }
}

/// The ARN of one log group, without the `:*` that some APIs add.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogGroupArn {
    place: Place,
    name: LogGroupName,
}

impl LogGroupArn {
    /// The group called `name` in `place`.
    #[must_use]
    pub fn new(place: Place, name: LogGroupName) -> Self {
        Self { place, name }
    }

    /// Reads an ARN with or without a trailing `:*`.
    ///
    /// # Errors
    /// If `text` is not the ARN of a log group, or its partition doesn't fit its Region.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let bad = || NameError::LogGroupArn(excerpt(text));
        let arn = Arn::split(text).filter(|arn| arn.service == "logs").ok_or_else(bad)?;
        let place = arn.place().ok_or_else(bad)?;
        let name = arn.resource.strip_prefix("log-group:").ok_or_else(bad)?;
        let name = name.strip_suffix(":*").unwrap_or(name);
        Ok(Self { place, name: LogGroupName::parse(name).map_err(|_| bad())? })
    }

    /// Where the group lives.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The group's name.
    #[must_use]
    pub fn name(&self) -> &LogGroupName {
        &self.name
    }
}

impl fmt::Display for LogGroupArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { account, region } = &self.place;
        write!(f, "arn:{}:logs:{region}:{account}:log-group:{}", region.partition(), self.name)
    }
}

/// The ARN of one KMS key (never of an alias).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyArn {
    place: Place,
    id: String,
}

impl KeyArn {
    /// Reads `arn:P:kms:R:A:key/ID`.
    ///
    /// # Errors
    /// If `text` is anything else, an alias ARN included.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let bad = || NameError::KeyArn(excerpt(text));
        let arn = Arn::split(text).filter(|arn| arn.service == "kms").ok_or_else(bad)?;
        let place = arn.place().ok_or_else(bad)?;
        let id = arn.resource.strip_prefix("key/").filter(|id| is_key_id(id)).ok_or_else(bad)?;
        Ok(Self { place, id: id.to_owned() })
    }

    /// The key with this id in `place`.
    ///
    /// # Errors
    /// If `id` is not made of letters, digits and hyphens.
    pub fn new(place: Place, id: &str) -> Result<Self, NameError> {
        if is_key_id(id) {
            Ok(Self { place, id: id.to_owned() })
        } else {
            Err(NameError::KeyArn(excerpt(id)))
        }
    }

    /// Where the key lives.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The key's id, such as `1234abcd-…` or `mrk-…`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Display for KeyArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { account, region } = &self.place;
        write!(f, "arn:{}:kms:{region}:{account}:key/{}", region.partition(), self.id)
    }
}

fn is_key_id(id: &str) -> bool {
    (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// A key as a person names it, made concrete for one place: an alias there, or a key's ARN.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyRef {
    /// An alias and the place whose alias it is.
    Alias {
        /// The account and Region in which the alias is looked up.
        place: Place,
        /// `alias/NAME`.
        alias: String,
    },
    /// A key by its ARN.
    Key(KeyArn),
}

impl KeyRef {
    /// Reads an alias (of `place`), an alias ARN or a key ARN.
    ///
    /// # Errors
    /// If `text` is none of these.
    pub fn parse(text: &str, place: &Place) -> Result<Self, NameError> {
        let bad = || NameError::KeyRef(excerpt(text));
        if is_alias(text) {
            return Ok(Self::Alias { place: place.clone(), alias: text.to_owned() });
        }
        if let Ok(arn) = KeyArn::parse(text) {
            return Ok(Self::Key(arn));
        }
        let arn =
            Arn::split(text).filter(|arn| arn.service == "kms" && is_alias(arn.resource)).ok_or_else(bad)?;
        Ok(Self::Alias { place: arn.place().ok_or_else(bad)?, alias: arn.resource.to_owned() })
    }

    /// Where the key or alias lives.
    #[must_use]
    pub fn place(&self) -> &Place {
        match self {
            Self::Alias { place, .. } => place,
            Self::Key(arn) => arn.place(),
        }
    }
}

impl fmt::Display for KeyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alias { place: Place { account, region }, alias } => {
                write!(f, "arn:{}:kms:{region}:{account}:{alias}", region.partition())
            }
            Self::Key(arn) => arn.fmt(f),
        }
    }
}

/// `alias/` and 1 to 250 of the characters that CreateAlias allows.
#[must_use]
pub fn is_alias(text: &str) -> bool {
    text.strip_prefix("alias/").is_some_and(|name| {
        (1..=250).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_-".contains(&byte))
    })
}

impl Serialize for LogGroupArn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for KeyArn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_group_arns_lose_their_star() {
        for text in [
            "arn:aws:logs:us-east-1:111122223333:log-group:/app/a:*",
            "arn:aws:logs:us-east-1:111122223333:log-group:/app/a",
        ] {
            let arn = LogGroupArn::parse(text).unwrap();
            assert_eq!(arn.to_string(), "arn:aws:logs:us-east-1:111122223333:log-group:/app/a");
        }
    }

    #[test]
    fn wrong_names_are_refused() {
        for text in ["", "a b", "a\nb", "a:b", "é", "a*", &"x".repeat(513)] {
            assert!(LogGroupName::parse(text).is_err(), "{text:?}");
        }
        for text in ["", "1234", "11112222333a", "1111222233334"] {
            assert!(AccountId::parse(text).is_err(), "{text:?}");
        }
        for text in ["", "US-EAST-1", "us east", "useast", "-us", "us-east-1\n"] {
            assert!(Region::parse(text).is_err(), "{text:?}");
        }
        for text in [
            "arn:aws:kms:us-east-1:111122223333:alias/logs",
            "arn:aws-cn:kms:us-east-1:111122223333:key/abc",
            "arn:aws:kms:us-east-1::key/abc",
            "arn:aws:kms:us-east-1:111122223333:key/",
            "key/abc",
        ] {
            assert!(KeyArn::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn each_region_has_its_partition() {
        for (region, partition) in [
            ("us-east-1", "aws"),
            ("cn-north-1", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
            ("us-iso-east-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("eusc-de-east-1", "aws-eusc"),
        ] {
            assert_eq!(Region::parse(region).unwrap().partition().as_str(), partition);
        }
    }
}
