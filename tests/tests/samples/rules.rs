//! The policies that the samples are replayed under.

use super::shipped_in;

/// A policy, with the name that it has in a snapshot's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rules {
    /// The policy that ships: mode observe, every group gets `alias/logs`.
    Shipped,
    /// The policy that ships, in mode page.
    Page,
    /// The policy that ships, in mode remediate.
    Remediate,
    /// The key of `alias/logs`, by its alias, and no other.
    ApprovedAlias,
    /// The key of `alias/logs`, by a wildcard over key ARNs, and no other.
    ApprovedPattern,
    /// A key that the replay knows nothing about, by its alias, and no other.
    ApprovedStranger,
    /// Exempt: a name, a tag, a role; all without an end.
    Exemptions,
    /// The same, until the day before the events.
    ExemptionsPassed,
    /// The same, until the day of the events.
    ExemptionsLastDay,
    /// A rule that matches none of the events' groups.
    NoRule,
    /// A narrow rule before the wide one.
    NarrowFirst,
    /// A fixed key of one Region for groups of all.
    KeyElsewhere,
    /// Pages begin at high.
    PagesFromHigh,
    /// Trails get `alias/trails`.
    TrailKey,
    /// The same, and they may write to buckets whose names begin with `example-`.
    Buckets,
    /// The same key, and a trail must be logging and no more.
    OnlyLogging,
    /// A fixed key of one Region for trails of all.
    FixedTrailKey,
    /// Exempt: a trail's name, a tag, a role.
    TrailExemptions,
    /// Protected: keys by an alias, keys by a tag.
    KeyProtection,
    /// The same, and exempt: keys by their aliases, a tag, a role.
    KeyExemptions,
    /// A key that nothing shows to be in use is as bad as one of which that isn't known.
    UnusedKeysMatter,
}

const WIDE_RULE: &str = "[[log_groups.keys]]\nmatch = \"*\"\nkey = \"alias/logs\"\n";

const PROTECTION: &str = "[keys]\nprotect = [\"alias/prod-*\"]\nprotect_tags = { tier = \"prod\" }\n";

const TRAIL_KEY: &str = "mode = \"remediate\"\n[trails]\nkey = \"alias/trails\"\n";

fn exemptions(until: &str) -> String {
    format!(
        "mode = \"remediate\"\n{WIDE_RULE}\n\
         [[exempt]]\nguard = \"log-group\"\nmatch = \"/aws/lambda/dev-*\"\nreason = \"throw-away environments\"\n{until}\n\
         [[exempt]]\nguard = \"log-group\"\ntag = {{ key = \"data-class\", value = \"scratch\" }}\nreason = \"holds generated data\"\n{until}\n\
         [[exempt]]\nguard = \"log-group\"\nprincipal = \"arn:aws:iam::111122223333:role/break-glass-*\"\nreason = \"incident bridge\"\n{until}\n"
    )
}

impl Rules {
    pub const ALL: [Self; 21] = [
        Self::Shipped,
        Self::Page,
        Self::Remediate,
        Self::ApprovedAlias,
        Self::ApprovedPattern,
        Self::ApprovedStranger,
        Self::Exemptions,
        Self::ExemptionsPassed,
        Self::ExemptionsLastDay,
        Self::NoRule,
        Self::NarrowFirst,
        Self::KeyElsewhere,
        Self::PagesFromHigh,
        Self::TrailKey,
        Self::Buckets,
        Self::OnlyLogging,
        Self::FixedTrailKey,
        Self::TrailExemptions,
        Self::KeyProtection,
        Self::KeyExemptions,
        Self::UnusedKeysMatter,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Shipped => "shipped",
            Self::Page => "page",
            Self::Remediate => "remediate",
            Self::ApprovedAlias => "approved-alias",
            Self::ApprovedPattern => "approved-pattern",
            Self::ApprovedStranger => "approved-stranger",
            Self::Exemptions => "exemptions",
            Self::ExemptionsPassed => "exemptions-passed",
            Self::ExemptionsLastDay => "exemptions-last-day",
            Self::NoRule => "no-rule",
            Self::NarrowFirst => "narrow-first",
            Self::KeyElsewhere => "key-elsewhere",
            Self::PagesFromHigh => "pages-from-high",
            Self::TrailKey => "trail-key",
            Self::Buckets => "buckets",
            Self::OnlyLogging => "only-logging",
            Self::FixedTrailKey => "fixed-trail-key",
            Self::TrailExemptions => "trail-exemptions",
            Self::KeyProtection => "key-protection",
            Self::KeyExemptions => "key-exemptions",
            Self::UnusedKeysMatter => "unused-keys-matter",
        }
    }

    pub fn text(self) -> String {
        let approved = |key: &str| {
            format!("mode = \"remediate\"\n[log_groups]\napproved_keys = [\"{key}\"]\n{WIDE_RULE}")
        };
        match self {
            Self::Shipped => super::SHIPPED.to_owned(),
            Self::Page => shipped_in("page"),
            Self::Remediate => shipped_in("remediate"),
            Self::ApprovedAlias => approved("alias/logs"),
            Self::ApprovedPattern => approved("arn:aws:kms:*:111122223333:key/1a2b3c4d-1111-*"),
            Self::ApprovedStranger => approved("alias/stranger").replace("alias/logs", "alias/stranger"),
            Self::Exemptions => exemptions(""),
            Self::ExemptionsPassed => exemptions("until = 2026-11-02"),
            Self::ExemptionsLastDay => exemptions("until = 2026-11-03"),
            Self::NoRule => {
                WIDE_RULE.replace("\"*\"", "\"/billing/*\"").replace("[[", "mode = \"remediate\"\n[[")
            }
            Self::NarrowFirst => format!(
                "mode = \"remediate\"\n[[log_groups.keys]]\nmatch = \"/payments/*\"\n\
                 key = \"arn:{{partition}}:kms:{{region}}:{{account}}:alias/analytics\"\n{WIDE_RULE}"
            ),
            Self::KeyElsewhere => format!("mode = \"remediate\"\n{WIDE_RULE}").replace(
                "alias/logs",
                "arn:aws:kms:us-east-1:111122223333:key/1a2b3c4d-2222-4a4a-8b8b-000000000002",
            ),
            Self::PagesFromHigh => shipped_in("remediate").replace("from = \"low\"", "from = \"high\""),
            Self::TrailKey => TRAIL_KEY.to_owned(),
            Self::Buckets => format!("{TRAIL_KEY}buckets = [\"example-*\"]\n"),
            Self::OnlyLogging => format!("{TRAIL_KEY}require = [\"logging\"]\n"),
            Self::FixedTrailKey => TRAIL_KEY.replace(
                "alias/trails",
                "arn:aws:kms:eu-central-1:111122223333:key/1a2b3c4d-6666-4a4a-8b8b-000000000006",
            ),
            Self::TrailExemptions => format!(
                "{TRAIL_KEY}\n\
                 [[exempt]]\nguard = \"trail\"\nmatch = \"dev-*\"\nreason = \"throw-away environments\"\n\n\
                 [[exempt]]\nguard = \"trail\"\ntag = {{ key = \"data-class\", value = \"scratch\" }}\nreason = \"holds generated data\"\n\n\
                 [[exempt]]\nguard = \"trail\"\nprincipal = \"arn:aws:iam::111122223333:role/break-glass-*\"\nreason = \"incident bridge\"\n"
            ),
            Self::KeyProtection => format!("mode = \"remediate\"\n{PROTECTION}{WIDE_RULE}"),
            Self::KeyExemptions => format!(
                "mode = \"remediate\"\n{PROTECTION}{WIDE_RULE}\n\
                 [[exempt]]\nguard = \"key\"\nmatch = \"alias/dev-*\"\nreason = \"throw-away environments\"\n\n\
                 [[exempt]]\nguard = \"key\"\ntag = {{ key = \"data-class\", value = \"scratch\" }}\nreason = \"holds generated data\"\n\n\
                 [[exempt]]\nguard = \"key\"\nprincipal = \"arn:aws:iam::111122223333:role/break-glass-*\"\nreason = \"incident bridge\"\n"
            ),
            Self::UnusedKeysMatter => {
                shipped_in("remediate").replace("no_evidence = \"low\"", "no_evidence = \"high\"")
            }
        }
    }
}
