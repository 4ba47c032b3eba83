//! A trail's settings, as far as somebody told them.
//!
//! A record tells some, DescribeTrails tells all; what nobody told stays `NotTold` and is never taken for off.

use super::Call;
use super::options::Options;
use crate::change::Change;
use crate::names::TrailArn;
use crate::untrusted::clean;
use serde_json::{Value, json};

/// A setting that is a name: of a key, a bucket, a topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Named {
    /// Nobody told.
    #[default]
    NotTold,
    /// The trail has none.
    Nothing,
    /// This one.
    Is(String),
}

/// The settings of one trail.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// `S3BucketName`
    pub bucket: Named,
    /// `S3KeyPrefix`
    pub prefix: Named,
    /// `SnsTopicARN`, or the name where only that was told.
    pub topic: Named,
    /// `CloudWatchLogsLogGroupArn`
    pub log_group: Named,
    /// `CloudWatchLogsRoleArn`
    pub log_role: Named,
    /// `KmsKeyId`
    pub key: Named,
    /// `IsMultiRegionTrail`
    pub multi_region: Option<bool>,
    /// `LogFileValidationEnabled`
    pub validation: Option<bool>,
    /// `IsOrganizationTrail`
    pub organization: Option<bool>,
    /// `IncludeGlobalServiceEvents`
    pub global_events: Option<bool>,
}

/// One way in which a trail delivers elsewhere than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// What was and what is, in words.
    pub what: String,
    /// The options of `update-trail` that set it back.
    pub back: Options,
}

impl Named {
    /// The name, if there is one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Is(name) => Some(name),
            Self::NotTold | Self::Nothing => None,
        }
    }

    /// What an API shows: a missing or empty text is none.
    #[must_use]
    pub fn shown_by_api(text: Option<&str>) -> Self {
        match text {
            Some(text) if !text.is_empty() => Self::Is(clean(text, 512)),
            Some(_) | None => Self::Nothing,
        }
    }

    /// What a record tells: an empty text takes the setting away, a missing one tells nothing.
    fn told(text: Option<&Value>) -> Self {
        match text.and_then(Value::as_str) {
            Some("") => Self::Nothing,
            Some(text) => Self::Is(clean(text, 512)),
            None => Self::NotTold,
        }
    }

    fn or(self, earlier: &Self) -> Self {
        if self == Self::NotTold { earlier.clone() } else { self }
    }

    /// Whether both are told and not the same. A topic may be told by name or ARN, a log group with `:*` or without.
    fn differs(&self, other: &Self) -> bool {
        let bare = |name: &str| {
            let name = name.strip_suffix(":*").unwrap_or(name);
            name.rsplit(':').next().map(str::to_owned)
        };
        match (self, other) {
            (Self::NotTold, _) | (_, Self::NotTold) | (Self::Nothing, Self::Nothing) => false,
            (Self::Nothing, Self::Is(_)) | (Self::Is(_), Self::Nothing) => true,
            (Self::Is(one), Self::Is(two)) if one.starts_with("arn:") && two.starts_with("arn:") => {
                one.strip_suffix(":*").unwrap_or(one) != two.strip_suffix(":*").unwrap_or(two)
            }
            (Self::Is(one), Self::Is(two)) => bare(one) != bare(two),
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::NotTold => json!("not told"),
            Self::Nothing => Value::Null,
            Self::Is(name) => json!(name),
        }
    }
}

impl Settings {
    /// What is known of a trail after a CreateTrail or UpdateTrail call: what its response or else its request
    /// tells, over what was known `earlier`.
    ///
    /// UpdateTrail leaves alone what it doesn't name. A response describes the whole trail, so of one that
    /// nothing was known of, what the response leaves out isn't set.
    #[must_use]
    pub fn after(change: &Change, earlier: Option<&Self>) -> Self {
        let told = Self::told_by(change);
        let described = change.response.get("trailARN").is_some_and(Value::is_string);
        match (Call::of(change), earlier) {
            (Some(Call::Create), _) if change.request.is_object() || described => {
                told.over(&Self::of_a_new_trail())
            }
            (_, Some(earlier)) => told.over(earlier),
            (_, None) if described => told.over(&Self::names_nothing()),
            (_, None) => told,
        }
    }

    fn told_by(change: &Change) -> Self {
        let (request, response) = (&change.request, &change.response);
        let named = |request_name: &str, response_name: &str| {
            Named::told(response.get(response_name)).or(&Named::told(request.get(request_name)))
        };
        // The response keeps quiet about a key that was just taken away, and the request says so.
        let asked_for = |name: &str| match Named::told(request.get(name)) {
            Named::Nothing => Named::Nothing,
            Named::NotTold | Named::Is(_) => named(name, name),
        };
        let flag = |request_name: &str, response_name: &str| {
            flag(response.get(response_name)).or_else(|| flag(request.get(request_name)))
        };
        Self {
            bucket: named("s3BucketName", "s3BucketName"),
            prefix: asked_for("s3KeyPrefix"),
            topic: match Named::told(request.get("snsTopicName")) {
                Named::Nothing => Named::Nothing,
                Named::NotTold | Named::Is(_) => named("snsTopicName", "snsTopicARN"),
            },
            log_group: asked_for("cloudWatchLogsLogGroupArn"),
            log_role: asked_for("cloudWatchLogsRoleArn"),
            key: asked_for("kmsKeyId"),
            multi_region: flag("isMultiRegionTrail", "isMultiRegionTrail"),
            validation: flag("enableLogFileValidation", "logFileValidationEnabled"),
            organization: flag("isOrganizationTrail", "isOrganizationTrail"),
            global_events: flag("includeGlobalServiceEvents", "includeGlobalServiceEvents"),
        }
    }

    /// What CreateTrail makes of a setting that isn't named.
    ///
    /// Source: CloudTrail API Reference, CreateTrail.
    fn of_a_new_trail() -> Self {
        Self {
            multi_region: Some(false),
            validation: Some(false),
            organization: Some(false),
            global_events: Some(true),
            ..Self::names_nothing()
        }
    }

    fn names_nothing() -> Self {
        Self {
            prefix: Named::Nothing,
            topic: Named::Nothing,
            log_group: Named::Nothing,
            log_role: Named::Nothing,
            key: Named::Nothing,
            ..Self::default()
        }
    }

    /// Where these settings deliver elsewhere than `earlier` ones did; what either doesn't tell isn't compared.
    #[must_use]
    pub fn moved_from(&self, earlier: &Self) -> Vec<Moved> {
        const GROUP: &str = "cloud-watch-logs-log-group-arn";
        const ROLE: &str = "cloud-watch-logs-role-arn";
        let mut pairs = vec![
            ("bucket", "s3-bucket-name", &earlier.bucket, &self.bucket),
            ("key prefix", "s3-key-prefix", &earlier.prefix, &self.prefix),
            ("SNS topic", "sns-topic-name", &earlier.topic, &self.topic),
            ("CloudWatch Logs log group", GROUP, &earlier.log_group, &self.log_group),
        ];
        // With another group goes another role.
        if !earlier.log_group.differs(&self.log_group) {
            pairs.push(("role by which it writes to its log group", ROLE, &earlier.log_role, &self.log_role));
        }
        let shown = |name: &Named| name.name().map_or("none".to_owned(), str::to_owned);
        let option = |option: &'static str, name: &Named| Options::one(option, name.name().unwrap_or(""));
        pairs
            .into_iter()
            .filter(|(_, _, earlier, now)| earlier.differs(now))
            .map(|(what, name, before, now)| {
                // The API takes the log group and its role together only.
                let back = match name {
                    ROLE if self.log_group != Named::NotTold => {
                        option(GROUP, &self.log_group).and(option(name, before))
                    }
                    GROUP if earlier.log_role != Named::NotTold => {
                        option(name, before).and(option(ROLE, &earlier.log_role))
                    }
                    _ => option(name, before),
                };
                Moved { what: format!("the {what} was {} and is {}", shown(before), shown(now)), back }
            })
            .collect()
    }

    /// Whether what is judged of these settings isn't as the record of a call tells it.
    pub(super) fn contradict(&self, change: &Change) -> bool {
        let told = Self::told_by(change);
        // A key may be asked for by alias or id, which can't be compared with what is shown.
        let comparable =
            told.key.name().is_none_or(|key| self.key == Named::Nothing || key.contains(":key/"));
        let flags = [
            (told.multi_region, self.multi_region),
            (told.validation, self.validation),
            (told.organization, self.organization),
            (told.global_events, self.global_events),
        ];
        comparable && told.key.differs(&self.key)
            || !self.moved_from(&told).is_empty()
            || flags.iter().any(|(told, shown)| told.is_some() && shown.is_some() && told != shown)
    }

    /// These settings, and where they don't tell, the earlier ones.
    #[must_use]
    pub fn over(self, earlier: &Self) -> Self {
        Self {
            bucket: self.bucket.or(&earlier.bucket),
            prefix: self.prefix.or(&earlier.prefix),
            topic: self.topic.or(&earlier.topic),
            log_group: self.log_group.or(&earlier.log_group),
            log_role: self.log_role.or(&earlier.log_role),
            key: self.key.or(&earlier.key),
            multi_region: self.multi_region.or(earlier.multi_region),
            validation: self.validation.or(earlier.validation),
            organization: self.organization.or(earlier.organization),
            global_events: self.global_events.or(earlier.global_events),
        }
    }

    /// The settings as receipts show them.
    #[must_use]
    pub fn shown(&self) -> Value {
        let flag = |flag: Option<bool>| flag.map_or(json!("not told"), |flag| json!(flag));
        json!({
            "bucket": self.bucket.json(),
            "prefix": self.prefix.json(),
            "sns_topic": self.topic.json(),
            "log_group": self.log_group.json(),
            "kms_key": self.key.json(),
            "multi_region": flag(self.multi_region),
            "validation": flag(self.validation),
            "organization": flag(self.organization),
            "global_events": flag(self.global_events),
        })
    }
}

/// The trail that a CreateTrail or UpdateTrail call's response names.
#[must_use]
pub fn trail_of_response(change: &Change) -> Option<TrailArn> {
    let arn = change.response.get("trailARN").and_then(Value::as_str)?;
    TrailArn::parse(arn).ok()
}

/// Some tools turn a flag into a text.
pub(super) fn flag(value: Option<&Value>) -> Option<bool> {
    match value {
        Some(Value::Bool(flag)) => Some(*flag),
        Some(Value::String(text)) if text == "true" => Some(true),
        Some(Value::String(text)) if text == "false" => Some(false),
        _ => None,
    }
}
