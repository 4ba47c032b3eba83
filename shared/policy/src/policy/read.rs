//! Reads the policy file and collects every fault in it.
//!
//! Walks the TOML tables by hand rather than by serde: serde stops at the first fault and knows a line
//! only for some, and a person who fixes a policy wants all of them at once. Never guesses: a value that
//! is wrong yields a fault, not a default.

use super::{
    ApprovedKey, Exempt, Exemption, Fault, Faults, KeyRule, KeyTemplate, Keys, LogGroups, Mode, Pages,
    Policy, TrailRequirement, Trails,
};
use crate::guards::Guard;
use crate::plan::Severity;
use crate::untrusted::clean;
use crate::wildcard;
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

pub(super) fn policy(text: &str) -> Result<Policy, Faults> {
    let mut faults = Collector {
        text,
        faults: Vec::new(),
    };
    let (root, syntax) = DeTable::parse_recoverable(text);
    for error in &syntax {
        let span = error.span().unwrap_or(0..0);
        faults.add(
            &span,
            clean(error.message(), 200),
            "write valid TOML (https://toml.io)",
        );
    }
    let policy = if syntax.is_empty() {
        root_table(&root, &mut faults)
    } else {
        None
    };
    let Collector {
        faults: mut found, ..
    } = faults;
    found.sort();
    match policy {
        Some(policy) if found.is_empty() => Ok(policy),
        _ => Err(Faults(found)),
    }
}

fn root_table(root: &Spanned<DeTable<'_>>, faults: &mut Collector<'_>) -> Option<Policy> {
    let table = Table::new(root.get_ref(), root.span(), "");
    table.only(
        &["mode", "log_groups", "trails", "keys", "exempt", "pages"],
        faults,
    );
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
    let exemptions = table
        .tables("exempt", faults)
        .iter()
        .filter_map(|entry| exemption(entry, faults))
        .collect();
    let pages = pages(table.table("pages", faults).as_ref(), faults);
    Some(Policy {
        mode: mode?,
        log_groups,
        trails,
        keys,
        exemptions,
        pages,
    })
}

const MODES: [(&str, Mode); 3] = [
    ("observe", Mode::Observe),
    ("page", Mode::Page),
    ("remediate", Mode::Remediate),
];

const SEVERITIES: [(&str, Severity); 5] = [
    ("info", Severity::Info),
    ("low", Severity::Low),
    ("medium", Severity::Medium),
    ("high", Severity::High),
    ("critical", Severity::Critical),
];

const GUARDS: [(&str, Guard); 3] = [
    ("log-group", Guard::LogGroup),
    ("trail", Guard::Trail),
    ("key", Guard::Key),
];

const REQUIREMENTS: [(&str, TrailRequirement); 5] = [
    ("encryption", TrailRequirement::Encryption),
    ("logging", TrailRequirement::Logging),
    ("multi-region", TrailRequirement::MultiRegion),
    ("validation", TrailRequirement::Validation),
    ("management-events", TrailRequirement::ManagementEvents),
];

fn log_groups(table: Option<&Table<'_>>, faults: &mut Collector<'_>) -> LogGroups {
    let Some(table) = table else {
        return LogGroups {
            mode: None,
            approved_keys: Vec::new(),
            rules: Vec::new(),
        };
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
                }
                return Some(ApprovedKey::Pattern(text));
            }
            key_template(&text, &span, faults).map(ApprovedKey::Key)
        })
        .collect();
    let mut rules: Vec<KeyRule> = Vec::new();
    for entry in table.tables("keys", faults) {
        entry.only(&["match", "key"], faults);
        let pattern = entry.required(
            "match",
            "a wildcard over log-group names, such as \"/payments/*\"",
            faults,
        );
        let key = entry
            .required(
                "key",
                "an alias (\"alias/logs\"), an alias ARN or a key ARN",
                faults,
            )
            .and_then(|(key, span)| key_template(&key, &span, faults));
        let Some((pattern, span)) = pattern else { continue };
        if let Some(earlier) = rules
            .iter()
            .find(|rule| wildcard::covers(&rule.pattern, &pattern))
        {
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
        rules.push(KeyRule {
            line: faults.line(entry.span.start),
            pattern,
            key,
        });
    }
    LogGroups {
        mode: table.one_of("mode", &MODES, faults),
        approved_keys,
        rules,
    }
}

fn trails(table: Option<&Table<'_>>, faults: &mut Collector<'_>) -> Trails {
    let all = || REQUIREMENTS.iter().map(|(_, requirement)| *requirement).collect();
    let Some(table) = table else {
        return Trails {
            mode: None,
            key: None,
            require: all(),
        };
    };
    table.only(&["mode", "key", "require"], faults);
    let require = if table.get("require").is_none() {
        all()
    } else {
        let texts = table.texts("require", faults);
        texts
            .iter()
            .filter_map(|(text, span)| choose("trails.require", text, span, &REQUIREMENTS, faults))
            .collect()
    };
    let key = table
        .text("key", faults)
        .and_then(|(text, span)| key_template(&text, &span, faults));
    Trails {
        mode: table.one_of("mode", &MODES, faults),
        key,
        require,
    }
}

fn keys(table: Option<&Table<'_>>, faults: &mut Collector<'_>) -> Keys {
    const IN_USE_DAYS: u16 = 90;
    let Some(table) = table else {
        return Keys {
            mode: None,
            in_use_days: IN_USE_DAYS,
            protect: Vec::new(),
            protect_tags: BTreeMap::new(),
        };
    };
    table.only(&["mode", "in_use_days", "protect", "protect_tags"], faults);
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
        protect,
        protect_tags: table.text_map("protect_tags", faults),
    }
}

fn pages(table: Option<&Table<'_>>, faults: &mut Collector<'_>) -> Pages {
    let Some(table) = table else {
        return Pages {
            from: Severity::Low,
            runbook: None,
        };
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
    Pages {
        from: table.one_of("from", &SEVERITIES, faults).unwrap_or(Severity::Low),
        runbook,
    }
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
    let reason = entry
        .required("reason", "one sentence for whoever audits this", faults)
        .and_then(|(text, span)| {
            let blank = text.trim().is_empty();
            if blank {
                faults.add(
                    &span,
                    "an exemption with an empty `reason`".into(),
                    "say why this is exempt",
                );
            }
            (!blank).then_some(text)
        });
    let mut kinds = Vec::new();
    if let Some((pattern, _)) = entry.text("match", faults) {
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
        if pattern.starts_with("arn:") || pattern.starts_with('*') {
            kinds.push(Exempt::Principal(pattern));
        } else {
            let problem = format!("`{}` is no wildcard over ARNs", clean(&pattern, 80));
            faults.add(
                &span,
                problem,
                "write the principal's ARN, such as \"arn:aws:iam::111122223333:role/break-glass*\"",
            );
        }
    }
    let until = entry.date("until", faults);
    let named = ["match", "tag", "principal"]
        .iter()
        .filter(|field| entry.get(field).is_some())
        .count();
    if named != 1 {
        let problem =
            format!("an exemption needs exactly one of `match`, `tag`, `principal`; this one has {named}");
        faults.add(&entry.span, problem, "name what is exempt, one thing an entry");
        return None;
    }
    let line = faults.line(entry.span.start);
    Some(Exemption {
        line,
        guard: guard?,
        what: kinds.pop()?,
        reason: reason?,
        until,
    })
}

fn key_template(text: &str, span: &Range<usize>, faults: &mut Collector<'_>) -> Option<KeyTemplate> {
    let remedy = "give an alias (\"alias/logs\"), an alias ARN or a key ARN; {partition}, {region} and {account} may stand in it";
    KeyTemplate::parse(text)
        .map_err(|error| faults.add(span, error.to_string(), remedy))
        .ok()
}

fn choose<T: Copy>(
    name: &str,
    text: &str,
    span: &Range<usize>,
    choices: &[(&str, T)],
    faults: &mut Collector<'_>,
) -> Option<T> {
    let found = choices
        .iter()
        .find(|(choice, _)| *choice == text)
        .map(|(_, value)| *value);
    if found.is_none() {
        let names: Vec<&str> = choices.iter().map(|(choice, _)| *choice).collect();
        faults.add(
            span,
            format!("`{name}` can't be `{}`", clean(text, 60)),
            &format!("write one of: {}", names.join(", ")),
        );
    }
    found
}

struct Collector<'a> {
    text: &'a str,
    faults: Vec<Fault>,
}

impl Collector<'_> {
    fn add(&mut self, span: &Range<usize>, problem: String, remedy: &str) {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
        self.faults.push(Fault {
            line: self.line(span.start),
            column,
            problem,
            remedy: remedy.to_owned(),
        });
    }

    fn line(&self, offset: usize) -> usize {
        self.text.get(..offset).unwrap_or(self.text).matches('\n').count() + 1
    }
}

/// A table of the file with its dotted name, for messages.
struct Table<'a> {
    entries: &'a DeTable<'a>,
    span: Range<usize>,
    name: String,
}

impl<'a> Table<'a> {
    fn new(entries: &'a DeTable<'a>, span: Range<usize>, name: &str) -> Self {
        Self {
            entries,
            span,
            name: name.to_owned(),
        }
    }

    fn path(&self, field: &str) -> String {
        if self.name.is_empty() {
            field.to_owned()
        } else {
            format!("{}.{field}", self.name)
        }
    }

    fn get(&self, field: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.entries
            .iter()
            .find(|(key, _)| key.get_ref() == field)
            .map(|(_, value)| value)
    }

    /// Every key that isn't one of `known` is a fault.
    fn only(&self, known: &[&str], faults: &mut Collector<'_>) {
        for key in self
            .entries
            .keys()
            .filter(|key| !known.contains(&key.get_ref().as_ref()))
        {
            let place = if self.name.is_empty() {
                "the file".to_owned()
            } else {
                format!("`{}`", self.name)
            };
            let problem = format!("unknown key `{}` in {place}", clean(key.get_ref(), 60));
            faults.add(
                &key.span(),
                problem,
                &format!("remove it, or write one of: {}", known.join(", ")),
            );
        }
    }

    fn wrong(&self, field: &str, value: &Spanned<DeValue<'a>>, wanted: &str, faults: &mut Collector<'_>) {
        let problem = format!(
            "`{}` is of the wrong type ({})",
            self.path(field),
            value.get_ref().type_str()
        );
        faults.add(&value.span(), problem, &format!("write {wanted}"));
    }

    fn text(&self, field: &str, faults: &mut Collector<'_>) -> Option<(String, Range<usize>)> {
        let value = self.get(field)?;
        match value.get_ref().as_str() {
            Some(text) => Some((text.to_owned(), value.span())),
            None => {
                self.wrong(field, value, "a text in quotes", faults);
                None
            }
        }
    }

    fn required(
        &self,
        field: &str,
        what: &str,
        faults: &mut Collector<'_>,
    ) -> Option<(String, Range<usize>)> {
        if self.get(field).is_none() {
            let problem = format!("`{}` is missing", self.path(field));
            faults.add(&self.span, problem, &format!("add `{field} = …`: {what}"));
        }
        self.text(field, faults)
    }

    fn texts(&self, field: &str, faults: &mut Collector<'_>) -> Vec<(String, Range<usize>)> {
        let Some(value) = self.get(field) else {
            return Vec::new();
        };
        let Some(items) = value.get_ref().as_array() else {
            self.wrong(field, value, "a list of texts, such as [\"a\", \"b\"]", faults);
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in items.iter() {
            match item.get_ref().as_str() {
                Some(text) => texts.push((text.to_owned(), item.span())),
                None => self.wrong(field, item, "texts in quotes", faults),
            }
        }
        texts
    }

    fn one_of<T: Copy>(&self, field: &str, choices: &[(&str, T)], faults: &mut Collector<'_>) -> Option<T> {
        let (text, span) = self.text(field, faults)?;
        choose(&self.path(field), &text, &span, choices, faults)
    }

    fn table(&self, field: &str, faults: &mut Collector<'_>) -> Option<Table<'a>> {
        let value = self.get(field)?;
        match value.get_ref().as_table() {
            Some(table) => Some(Table::new(table, value.span(), &self.path(field))),
            None => {
                self.wrong(field, value, "a table", faults);
                None
            }
        }
    }

    fn tables(&self, field: &str, faults: &mut Collector<'_>) -> Vec<Table<'a>> {
        let Some(value) = self.get(field) else {
            return Vec::new();
        };
        let wanted = format!("a list of tables, each begun with [[{}]]", self.path(field));
        let Some(items) = value.get_ref().as_array() else {
            self.wrong(field, value, &wanted, faults);
            return Vec::new();
        };
        let mut tables = Vec::new();
        for (index, item) in items.iter().enumerate() {
            match item.get_ref().as_table() {
                Some(table) => tables.push(Table::new(
                    table,
                    item.span(),
                    &format!("{}[{index}]", self.path(field)),
                )),
                None => self.wrong(field, item, &wanted, faults),
            }
        }
        tables
    }

    fn text_map(&self, field: &str, faults: &mut Collector<'_>) -> BTreeMap<String, String> {
        let Some(table) = self.table(field, faults) else {
            return BTreeMap::new();
        };
        let names: BTreeSet<String> = table
            .entries
            .keys()
            .map(|key| key.get_ref().to_string())
            .collect();
        names
            .into_iter()
            .filter_map(|name| table.text(&name, faults).map(|(value, _)| (name, value)))
            .collect()
    }

    fn days(&self, field: &str, faults: &mut Collector<'_>) -> Option<u16> {
        let value = self.get(field)?;
        let days = value
            .get_ref()
            .as_integer()
            .and_then(|number| u16::from_str_radix(number.as_str(), number.radix()).ok());
        if days.is_none_or(|days| days == 0) {
            self.wrong(field, value, "a whole number of days from 1 to 65535", faults);
        }
        days
    }

    fn date(&self, field: &str, faults: &mut Collector<'_>) -> Option<Date> {
        let value = self.get(field)?;
        let date = value
            .get_ref()
            .as_datetime()
            .filter(|datetime| datetime.time.is_none() && datetime.offset.is_none())
            .and_then(|datetime| datetime.date)
            .and_then(|date| {
                let (month, day) = (i8::try_from(date.month).ok()?, i8::try_from(date.day).ok()?);
                Date::new(i16::try_from(date.year).ok()?, month, day).ok()
            });
        if date.is_none() {
            self.wrong(field, value, "a date without quotes, such as 2027-01-31", faults);
        }
        date
    }
}
