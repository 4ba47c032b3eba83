//! AWS's own names as types: account, Region, log group, key, trail.
//!
//! A value of one of these types has been checked against AWS's documented syntax, so that code which
//! holds one needs no further checks and text an attacker wrote can't travel inside it. Nothing here
//! ever repairs a bad name.

mod key;
mod log_group;
mod trail;

pub use key::{KeyArn, KeyRef, is_alias};
pub use log_group::{LogGroupArn, LogGroupName};
pub use trail::TrailArn;

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
    /// A trail's name has 3 to 128 of `a-z A-Z 0-9 . _ -`.
    #[error("`{0}` is not a trail's name (3 to 128 of a-z, A-Z, 0-9, `.`, `_`, `-`)")]
    Trail(String),
    /// Not `arn:P:cloudtrail:R:A:trail/NAME`.
    #[error("`{0}` is not a trail's ARN (`arn:aws:cloudtrail:REGION:ACCOUNT:trail/NAME`)")]
    TrailArn(String),
}

fn excerpt(text: &str) -> String {
    crate::untrusted::clean(text, 120)
}

/// What every checked text has: its text, and how it is shown and written.
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

use text_newtype;

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

    /// The DNS suffix of its services.
    ///
    /// Source: `partitions.json` of the AWS SDKs.
    #[must_use]
    pub fn dns_suffix(self) -> &'static str {
        match self.0 {
            "aws-cn" => "amazonaws.com.cn",
            "aws-iso" => "c2s.ic.gov",
            "aws-iso-b" => "sc2s.sgov.gov",
            "aws-iso-e" => "cloud.adc-e.uk",
            "aws-iso-f" => "csp.hci.ic.gov",
            "aws-eusc" => "amazonaws.eu",
            _ => "amazonaws.com",
        }
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
        for text in [
            "arn:aws:cloudtrail:us-east-1:111122223333:trail/ab",
            "arn:aws:cloudtrail:us-east-1:111122223333:trail/-abc",
            "arn:aws:cloudtrail:us-east-1:111122223333:trail/a b c",
            "arn:aws:cloudtrail:us-east-1:111122223333:eventdatastore/abc",
            "arn:aws-cn:cloudtrail:us-east-1:111122223333:trail/abc",
            "abc",
        ] {
            assert!(TrailArn::parse(text).is_err(), "{text:?}");
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
