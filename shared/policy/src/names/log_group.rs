//! Log groups by name and by ARN.

use super::{Arn, NameError, Place, excerpt, text_newtype};
use serde::{Serialize, Serializer};
use std::fmt;

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

impl Serialize for LogGroupArn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
