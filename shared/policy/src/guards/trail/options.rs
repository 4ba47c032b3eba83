//! Options of the AWS CLI for names that anybody may have written.
//!
//! A value that begins like an address is taken by the AWS CLI for a file, or a page, to read in its place. Such a one is given as JSON,
//! whose values it takes as they are. Source: AWS CLI User Guide, "Loading a parameter from a file" and "AWS CLI input files".

use crate::plan::shell_word;
use serde_json::{Map, Value};
use std::fmt;

/// What a value begins with that is read from elsewhere; the latter two by version 1 only.
const READ: [&str; 4] = ["file://", "fileb://", "http://", "https://"];

/// Options with their values, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options(Vec<(&'static str, String)>);

impl Options {
    /// One option, by its name without dashes.
    #[must_use]
    pub fn one(name: &'static str, value: &str) -> Self {
        Self(vec![(name, value.to_owned())])
    }

    /// Adds an option.
    pub fn push(&mut self, name: &'static str, value: &str) {
        self.0.push((name, value.to_owned()));
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These and others.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }
}

impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Vec::new();
        let mut json = Map::new();
        for (name, value) in &self.0 {
            if READ.iter().any(|begin| value.starts_with(begin)) {
                json.insert(member(name), Value::from(value.as_str()));
            } else {
                // A word that looks like an option is no value unless it is tied to one.
                let tie = if value.starts_with('-') { '=' } else { ' ' };
                words.push(format!("--{name}{tie}{}", shell_word(value)));
            }
        }
        if !json.is_empty() {
            words.push(format!("--cli-input-json {}", shell_word(&Value::Object(json).to_string())));
        }
        f.write_str(&words.join(" "))
    }
}

/// The member of CloudTrail's or KMS's request that an option stands for: `s3-key-prefix` is `S3KeyPrefix`.
fn member(option: &str) -> String {
    let capitalized = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    };
    option.split('-').map(capitalized).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_is_read_from_elsewhere() {
        for (value, expected) in [
            ("logs", "--s3-key-prefix logs"),
            ("", "--s3-key-prefix ''"),
            ("a b", "--s3-key-prefix 'a b'"),
            ("-x", "--s3-key-prefix=-x"),
            ("my/file://x", "--s3-key-prefix my/file://x"),
            (
                "file:///root/.aws/credentials",
                r#"--cli-input-json '{"S3KeyPrefix":"file:///root/.aws/credentials"}'"#,
            ),
            ("fileb://it's", r#"--cli-input-json '{"S3KeyPrefix":"fileb://it'\''s"}'"#),
            ("https://example.com/\"", r#"--cli-input-json '{"S3KeyPrefix":"https://example.com/\""}'"#),
        ] {
            assert_eq!(Options::one("s3-key-prefix", value).to_string(), expected);
        }
    }

    #[test]
    fn a_command_has_one_json_for_all_such_values() {
        let options = Options::one("s3-key-prefix", "file://a")
            .and(Options::one("s3-bucket-name", "b"))
            .and(Options::one("cloud-watch-logs-log-group-arn", "http://c"));
        assert_eq!(
            options.to_string(),
            r#"--s3-bucket-name b --cli-input-json '{"S3KeyPrefix":"file://a","CloudWatchLogsLogGroupArn":"http://c"}'"#
        );
    }
}
