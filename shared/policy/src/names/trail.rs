//! Trails by ARN.

use super::{Arn, NameError, Place, excerpt};
use serde::{Serialize, Serializer};
use std::fmt;

/// The ARN of one trail: its owner, its home Region and its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrailArn {
    place: Place,
    name: String,
}

impl TrailArn {
    /// The trail called `name` in `place`.
    ///
    /// # Errors
    /// If `name` is not 3 to 128 of `a-z A-Z 0-9 . _ -`, beginning and ending with a letter or digit.
    pub fn new(place: Place, name: &str) -> Result<Self, NameError> {
        if is_trail_name(name) {
            Ok(Self { place, name: name.to_owned() })
        } else {
            Err(NameError::Trail(excerpt(name)))
        }
    }

    /// Reads `arn:P:cloudtrail:R:A:trail/NAME`.
    ///
    /// # Errors
    /// If `text` is anything else, or its partition doesn't fit its Region.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let bad = || NameError::TrailArn(excerpt(text));
        let arn = Arn::split(text).filter(|arn| arn.service == "cloudtrail").ok_or_else(bad)?;
        let place = arn.place().ok_or_else(bad)?;
        let name = arn.resource.strip_prefix("trail/").ok_or_else(bad)?;
        Self::new(place, name).map_err(|_| bad())
    }

    /// The owner and the home Region.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The trail's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for TrailArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { account, region } = &self.place;
        write!(f, "arn:{}:cloudtrail:{region}:{account}:trail/{}", region.partition(), self.name)
    }
}

impl Serialize for TrailArn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Source: CloudTrail API Reference, CreateTrail, `Name`. That neighbouring dots and hyphens and IP addresses
/// are refused too is left to AWS: such a trail doesn't exist.
fn is_trail_name(name: &str) -> bool {
    let edge = |character: Option<char>| character.is_some_and(|it| it.is_ascii_alphanumeric());
    (3..=128).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        && edge(name.chars().next())
        && edge(name.chars().next_back())
}
