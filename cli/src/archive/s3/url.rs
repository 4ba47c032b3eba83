//! `s3://BUCKET/PREFIX` as it is given on the command line.

use super::super::SCHEME;
use sealwatch_policy::untrusted::clean;
use std::fmt;
use std::net::Ipv4Addr;
use thiserror::Error;

/// A bucket, and what in it is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    pub bucket: String,
    /// A folder or a key; empty for the whole bucket. S3 takes any character, so that none is special here.
    pub prefix: String,
}

/// Why an address is none.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UrlError {
    #[error("it names no bucket: write s3://BUCKET/PREFIX")]
    NoBucket,
    #[error(
        "`{0}` can't be a bucket's name: it has 3 to 63 lower-case letters, digits, dots and hyphens, and a letter or digit at both ends"
    )]
    Bucket(String),
    #[error("the prefix has {0} bytes: S3's keys have 1024 at most")]
    Prefix(usize),
}

impl Url {
    /// Reads an address.
    ///
    /// # Errors
    /// If it names no bucket that S3 would make, or a prefix that no key can have.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let rest = text.strip_prefix(SCHEME).unwrap_or(text);
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(UrlError::NoBucket);
        }
        if !is_bucket(bucket) {
            return Err(UrlError::Bucket(clean(bucket, 80)));
        }
        if prefix.len() > 1_024 {
            return Err(UrlError::Prefix(prefix.len()));
        }
        Ok(Self { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }

    /// What all keys below it begin with: a folder is not its sibling of a longer name.
    pub fn folder(&self) -> String {
        let whole = self.prefix.is_empty() || self.prefix.ends_with('/');
        format!("{}{}", self.prefix, if whole { "" } else { "/" })
    }

    /// What may be an object's own key.
    pub fn key(&self) -> Option<&str> {
        (self.folder() != self.prefix).then_some(self.prefix.as_str())
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}", self.bucket, self.prefix)
    }
}

/// Amazon S3 User Guide, "General purpose bucket naming rules".
fn is_bucket(name: &str) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = [name.as_bytes().first(), name.as_bytes().last()];
    (3..=63).contains(&name.len())
        && name.bytes().all(|byte| is_plain(&byte) || matches!(byte, b'.' | b'-'))
        && ends.into_iter().flatten().all(is_plain)
        && !name.contains("..")
        && name.parse::<Ipv4Addr>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_and_a_prefix_are_read_as_they_are_written() {
        for (text, bucket, prefix, folder, key) in [
            ("s3://abc", "abc", "", "", None),
            ("s3://abc/", "abc", "", "", None),
            ("s3://a.b-1/AWSLogs", "a.b-1", "AWSLogs", "AWSLogs/", Some("AWSLogs")),
            ("s3://abc/AWSLogs/", "abc", "AWSLogs/", "AWSLogs/", None),
            ("s3://abc/x/y.json.gz", "abc", "x/y.json.gz", "x/y.json.gz/", Some("x/y.json.gz")),
            ("s3://abc//x", "abc", "/x", "/x/", Some("/x")),
            ("s3://abc/a b+c%20ä?#&", "abc", "a b+c%20ä?#&", "a b+c%20ä?#&/", Some("a b+c%20ä?#&")),
        ] {
            let url = Url::parse(text).unwrap();
            assert_eq!((url.bucket.as_str(), url.prefix.as_str()), (bucket, prefix), "{text}");
            assert_eq!((url.folder().as_str(), url.key()), (folder, key), "{text}");
        }
    }

    #[test]
    fn what_no_bucket_can_be_called_is_refused() {
        for text in ["s3://", "s3:///x"] {
            assert_eq!(Url::parse(text), Err(UrlError::NoBucket), "{text}");
        }
        let long = "a".repeat(64);
        for name in [
            "ab",
            "Abc",
            "a_b",
            "-abc",
            "abc-",
            ".abc",
            "abc.",
            "a..b",
            "192.168.5.4",
            "a b",
            "äbc",
            "abc:x",
            &long,
        ] {
            let refused = Url::parse(&format!("s3://{name}/x"));
            assert_eq!(refused, Err(UrlError::Bucket(clean(name, 80))), "{name}");
        }
        assert_eq!(Url::parse(&format!("s3://abc/{}", "x".repeat(1_025))), Err(UrlError::Prefix(1_025)));
    }
}
