//! Reads the policy file and collects every fault in it.
//!
//! Walks the TOML tables by hand rather than by serde: serde stops at the first fault and knows a line
//! only for some, and a person who fixes a policy wants all of them at once. Never guesses: a value that
//! is wrong yields a fault, not a default.

use super::table::{Collector, Table, choose};
use super::{
    ApprovedKey, Exempt, Exemption, Faults, KeyRule, KeyTemplate, Keys, LogGroups, Mode, Pages, Policy,
    TrailRequirement, Trails,
};
use crate::guard::Guard;
use crate::plan::Severity;
use crate::untrusted::clean;
use crate::wildcard;
use sealwatch_plain::comments::without_comments;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;
use toml::de::DeTable;

pub(super) fn policy(text: &str) -> Result<Policy, Faults> {
    with_comments(&without_comments(text))
}

/// The same of a file that nothing was taken out of.
pub(super) fn with_comments(text: &str) -> Result<Policy, Faults> {
    let mut faults = Collector { text, faults: Vec::new() };
    let (root, syntax) = DeTable::parse_recoverable(text);
    for error in &syntax {
        let span = error.span().unwrap_or(0..0);
        faults.add(&span, clean(error.message(), 200), "write valid TOML (https://toml.io)");
    }
    let policy = if syntax.is_empty() { root_table(&root, &mut faults) } else { None };
    let Collector { faults: mut found, .. } = faults;
    found.sort();
    match policy {
        Some(policy) if found.is_empty() => Ok(policy),
        _ => Err(Faults(found)),
    }
}

fn root_table(root: &Spanned<DeTable<'_>>, faults: &mut Collector<'_>) -> Option<Policy> {
    let table = Table::new(root.get_ref(), root.span(), "");
    table.only(&["mode", "log_groups", "trails", "keys", "exempt", "pages"], faults);
    if table.get("mode").is_none() {
        faults.add(
            &(0..0),
            "`mode` is missing".into(),
            "begin with `mode = \"observe\"`, \"page\" or \"remediate\"",
        );
    }
    let mode = table.one_of("mode", &MODES, faults);
    let log_groups = log_groups(table.table("log_groups", faults).as_ref(), faults);
    let trails = trails(table.table("trails", faults).as_ref(), faults);
    let keys = keys(table.table("keys", faults).as_ref(), faults);
    let exemptions =
        table.tables("exempt", faults).iter().filter_map(|entry| exemption(entry, faults)).collect();
    let pages = pages(table.table("pages", faults).as_ref(), faults);
    Some(Policy { mode: mode?, log_groups, trails, keys, exemptions, pages })
}

const MODES: [(&str, Mode); 3] =
    [("observe", Mode::Observe), ("page", Mode::Page), ("remediate", Mode::Remediate)];

const SEVERITIES: [(&str, Severity); 5] = [
    ("info", Severity::Info),
    ("low", Severity::Low),
    ("medium", Severity::Medium),
    ("high", Severity::High),
    ("critical", Severity::Critical),
];

const GUARDS: [(&str, Guard); 3] =
    [("log-group", Guard::LogGroup), ("trail", Guard::Trail), ("key", Guard::Key)];

const REQUIREMENTS: [(&str, TrailRequirement); 5] = [
    ("encryption", TrailRequirement::Encryption),
    ("logging", TrailRequirement::Logging),
    ("multi-region", TrailRequirement::MultiRegion),
    ("validation", TrailRequirement::Validation),
    ("management-events", TrailRequirement::ManagementEvents),
];

fn log_groups(table: Option<&Table<'_>>, faults: &mut Collector<'_>) -> LogGroups {
    let Some(table) = table else {
        return LogGroups { mode: None, approved_keys: Vec::new(), rules: Vec::new() };
    };
    table.only(&["mode", "approved_keys", "keys"], faults);
    let approved_keys = table
        .texts("approved_keys", faults)
        .into_iter()
        .filter_map(|(text, span)| {
            if text.contains(['*', '?']) && text.starts_with("arn:") {
                if text.contains(":alias/") {
                    let problem = format!("`{}` is a wildcard over aliases", clean(&text, 80));
                    faults.add(&span, problem, "write a wildcard over key ARNs, or each alias in full: log groups show key ARNs only");
                } else if !may_be_a_key(&text) {
                    let problem = format!("`{}` matches no KMS key's ARN", clean(&text, 80));
                    faults.add(&span, problem, "write a wildcard over key ARNs, such as \"arn:aws:kms:*:111122223333:key/*\"");
                }
                return Some(ApprovedKey::Pattern(text));
            }
            key_template(&text, &span, faults).map(ApprovedKey::Key)
        })
        .collect();
    let mut rules: Vec<KeyRule> = Vec::new();
    for entry in table.tables("keys", faults) {
        entry.only(&["match", "key"], faults);
        let pattern =
            entry.required("match", "a wildcard over log-group names, such as \"/payments/*\"", faults);
        let key = entry
            .required("key", "an alias (\"alias/logs\"), an alias ARN or a key ARN", faults)
            .and_then(|(key, span)| key_template(&key, &span, faults));
        let Some((pattern, span)) = pattern else { continue };
        not_empty(&pattern, &span, faults);
        if let Some(earlier) = rules.iter().find(|rule| wildcard::covers(&rule.pattern, &pattern)) {
            faults.add(
                &span,
                format!(
                    "the rule for `{}` never applies: `{}` on line {} matches all of it first",
                    clean(&pattern, 80),
                    clean(&earlier.pattern, 80),
                    earlier.line
                ),
                "move the narrower rule above the wider one, or remove it",
            );
        }
        // A rule with a bad key stays for the check above; the fault already prevents a policy.
        let key = key.unwrap_or(KeyTemplate(String::new()));
        rules.push(KeyRule { line: faults.line(entry.span.start), pattern, key });
    }
    LogGroups { mode: table.one_of("mode", &MODES, faults), approved_keys, rules }
}

fn trails(table: Option<&Table<'_>>, faults: &mut Collector<'_>) -> Trails {
    let all = || REQUIREMENTS.iter().map(|(_, requirement)| *requirement).collect();
    let Some(table) = table else {
        return Trails { mode: None, key: None, require: all(), buckets: Vec::new() };
    };
    table.only(&["mode", "key", "require", "buckets"], faults);
    let mut buckets = Vec::new();
    for (pattern, span) in table.texts("buckets", faults) {
        // A bucket's name has 3 to 63 of these; a wildcard may stand for the rest.
        let shaped = !pattern.is_empty()
            && pattern
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-*?".contains(&byte));
        if shaped {
            buckets.push(pattern);
        } else {
            let problem = format!("`{}` is no wildcard over bucket names", clean(&pattern, 80));
            faults.add(
                &span,
                problem,
                "write the bucket's bare name, such as \"example-trail-logs\" or \"example-trail-*\"",
            );
        }
    }
    let require = if table.get("require").is_none() {
        all()
    } else {
        let texts = table.texts("require", faults);
        texts
            .iter()
            .filter_map(|(text, span)| {
                choose(&|| "trails.require".to_owned(), text, span, &REQUIREMENTS, faults)
            })
            .collect()
    };
    let key = table.text("key", faults).and_then(|(text, span)| key_template(&text, &span, faults));
    Trails { mode: table.one_of("mode", &MODES, faults), key, require, buckets }
}

fn keys(table: Option<&Table<'_>>, faults: &mut Collector<'_>) -> Keys {
    const IN_USE_DAYS: u16 = 90;
    const NO_EVIDENCE: Severity = Severity::Low;
    let Some(table) = table else {
        return Keys {
            mode: None,
            in_use_days: IN_USE_DAYS,
            no_evidence: NO_EVIDENCE,
            protect: Vec::new(),
            protect_tags: BTreeMap::new(),
        };
    };
    table.only(&["mode", "in_use_days", "no_evidence", "protect", "protect_tags"], faults);
    let mut protect = Vec::new();
    for (text, span) in table.texts("protect", faults) {
        if text.starts_with("alias/") {
            protect.push(text);
        } else {
            let problem = format!("`{}` is no wildcard over aliases", clean(&text, 80));
            faults.add(&span, problem, "begin it with `alias/`, such as \"alias/prod-*\"");
        }
    }
    Keys {
        mode: table.one_of("mode", &MODES, faults),
        in_use_days: table.days("in_use_days", faults).unwrap_or(IN_USE_DAYS),
        no_evidence: table.one_of("no_evidence", &SEVERITIES, faults).unwrap_or(NO_EVIDENCE),
        protect,
        protect_tags: table.text_map("protect_tags", faults),
    }
}

fn pages(table: Option<&Table<'_>>, faults: &mut Collector<'_>) -> Pages {
    let Some(table) = table else {
        return Pages { from: Severity::Low, runbook: None };
    };
    table.only(&["from", "runbook"], faults);
    let runbook = table.text("runbook", faults).and_then(|(address, span)| {
        let plain = address.starts_with("https://") && !address.contains(|c: char| c.is_whitespace() || c.is_control() || c == '#');
        if !plain {
            let problem = format!("`{}` is no https address", clean(&address, 80));
            faults.add(&span, problem, "write the runbook's address without a `#` part, such as \"https://wiki.example.com/sealwatch\"");
        }
        plain.then_some(address)
    });
    Pages { from: table.one_of("from", &SEVERITIES, faults).unwrap_or(Severity::Low), runbook }
}

fn exemption(entry: &Table<'_>, faults: &mut Collector<'_>) -> Option<Exemption> {
    entry.only(&["guard", "match", "tag", "principal", "reason", "until"], faults);
    let guard = match entry.get("guard") {
        Some(_) => entry.one_of("guard", &GUARDS, faults),
        None => {
            faults.add(
                &entry.span,
                "an exemption without `guard`".into(),
                "add guard = \"log-group\", \"trail\" or \"key\"",
            );
            None
        }
    };
    let reason =
        entry.required("reason", "one sentence for whoever audits this", faults).and_then(|(text, span)| {
            let blank = text.trim().is_empty();
            if blank {
                faults.add(&span, "an exemption with an empty `reason`".into(), "say why this is exempt");
            }
            (!blank).then_some(text)
        });
    let mut kinds = Vec::new();
    if let Some((pattern, span)) = entry.text("match", faults) {
        not_empty(&pattern, &span, faults);
        kinds.push(Exempt::Name(pattern));
    }
    if let Some(tag) = entry.table("tag", faults) {
        tag.only(&["key", "value"], faults);
        let key = tag.required("key", "the tag's key", faults);
        let value = tag.required("value", "the tag's value", faults);
        if let (Some((key, _)), Some((value, _))) = (key, value) {
            kinds.push(Exempt::Tag { key, value });
        }
    }
    if let Some((pattern, span)) = entry.text("principal", faults) {
        if pattern.starts_with("arn:") && pattern.splitn(6, ':').count() == 6 {
            kinds.push(Exempt::Principal(pattern));
        } else {
            let problem = format!("`{}` is no wildcard over ARNs", clean(&pattern, 80));
            faults.add(
                &span,
                problem,
                "write all six parts of the principal's ARN, such as \"arn:aws:iam::111122223333:role/break-glass*\"",
            );
        }
    }
    let until = entry.date("until", faults);
    let named = ["match", "tag", "principal"].iter().filter(|field| entry.get(field).is_some()).count();
    if named != 1 {
        let problem =
            format!("an exemption needs exactly one of `match`, `tag`, `principal`; this one has {named}");
        faults.add(&entry.span, problem, "name what is exempt, one thing an entry");
        return None;
    }
    let line = faults.line(entry.span.start);
    Some(Exemption { line, guard: guard?, what: kinds.pop()?, reason: reason?, until })
}

fn not_empty(pattern: &str, span: &Range<usize>, faults: &mut Collector<'_>) {
    if pattern.is_empty() {
        faults.add(
            span,
            "an empty `match` matches nothing".into(),
            "write a wildcard over names, or \"*\" for all",
        );
    }
}

/// Whether a wildcard matches some KMS key's ARN, whatever its placeholders stand for.
fn may_be_a_key(pattern: &str) -> bool {
    let open = ["{partition}", "{region}", "{account}"];
    let pattern = open.iter().fold(pattern.to_owned(), |pattern, name| pattern.replace(name, "*"));
    let any_key = "arn:*:kms:*:*:key/*";
    // A key's ARN has five colons. A pattern with as many matches it part by part; one with fewer may run over them.
    match pattern.matches(':').count() {
        0..5 => wildcard::overlap(&pattern, any_key),
        5 => pattern.split(':').zip(any_key.split(':')).all(|(part, any)| wildcard::overlap(part, any)),
        _ => false,
    }
}

fn key_template(text: &str, span: &Range<usize>, faults: &mut Collector<'_>) -> Option<KeyTemplate> {
    let remedy = "give an alias (\"alias/logs\"), an alias ARN or a key ARN; {partition}, {region} and {account} may stand in it";
    if text.contains("alias/aws/") {
        let problem =
            format!("`{}` is a key that AWS manages, which serves neither logs nor trails", clean(text, 80));
        faults.add(span, problem, remedy);
        return None;
    }
    KeyTemplate::parse(text).map_err(|error| faults.add(span, error.to_string(), remedy)).ok()
}
