//! KMS keys by ARN, and as a person names them.

use super::{Arn, NameError, Place, excerpt};
use serde::{Serialize, Serializer};
use std::fmt;

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

impl Serialize for KeyArn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
