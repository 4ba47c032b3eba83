//! Walks a TOML table and notes every fault with its place.
//!
//! Knows types and choices, not what they mean. A value that is wrong gives `None` and a fault, never a
//! default.

use super::Fault;
use crate::untrusted::clean;
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The choice that `text` names, or a fault that lists them.
pub(super) fn choose<T: Copy>(
    name: &dyn Fn() -> String,
    text: &str,
    span: &Range<usize>,
    choices: &[(&str, T)],
    faults: &mut Collector<'_>,
) -> Option<T> {
    let found = choices.iter().find(|(choice, _)| *choice == text).map(|(_, value)| *value);
    if found.is_none() {
        let names: Vec<&str> = choices.iter().map(|(choice, _)| *choice).collect();
        faults.add(
            span,
            format!("`{}` can't be `{}`", name(), clean(text, 60)),
            &format!("write one of: {}", names.join(", ")),
        );
    }
    found
}

/// The file's text and the faults found in it so far.
pub(super) struct Collector<'a> {
    pub(super) text: &'a str,
    pub(super) faults: Vec<Fault>,
}

impl Collector<'_> {
    pub(super) fn add(&mut self, span: &Range<usize>, problem: String, remedy: &str) {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
        self.faults.push(Fault { line: self.line(span.start), column, problem, remedy: remedy.to_owned() });
    }

    pub(super) fn line(&self, offset: usize) -> usize {
        self.text.get(..offset).unwrap_or(self.text).matches('\n').count() + 1
    }
}

/// A table of the file with its dotted name, for messages.
pub(super) struct Table<'a> {
    entries: &'a DeTable<'a>,
    pub(super) span: Range<usize>,
    name: String,
}

impl<'a> Table<'a> {
    pub(super) fn new(entries: &'a DeTable<'a>, span: Range<usize>, name: &str) -> Self {
        Self { entries, span, name: name.to_owned() }
    }

    fn path(&self, field: &str) -> String {
        if self.name.is_empty() { field.to_owned() } else { format!("{}.{field}", self.name) }
    }

    pub(super) fn get(&self, field: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.entries.get(field)
    }

    /// Every key that isn't one of `known` is a fault.
    pub(super) fn only(&self, known: &[&str], faults: &mut Collector<'_>) {
        for key in self.entries.keys().filter(|key| !known.contains(&key.get_ref().as_ref())) {
            let place = if self.name.is_empty() { "the file".to_owned() } else { format!("`{}`", self.name) };
            let problem = format!("unknown key `{}` in {place}", clean(key.get_ref(), 60));
            faults.add(&key.span(), problem, &format!("remove it, or write one of: {}", known.join(", ")));
        }
    }

    fn wrong(&self, field: &str, value: &Spanned<DeValue<'a>>, wanted: &str, faults: &mut Collector<'_>) {
        let problem = format!("`{}` is of the wrong type ({})", self.path(field), value.get_ref().type_str());
        faults.add(&value.span(), problem, &format!("write {wanted}"));
    }

    pub(super) fn text(&self, field: &str, faults: &mut Collector<'_>) -> Option<(String, Range<usize>)> {
        let value = self.get(field)?;
        match value.get_ref().as_str() {
            Some(text) => Some((text.to_owned(), value.span())),
            None => {
                self.wrong(field, value, "a text in quotes", faults);
                None
            }
        }
    }

    pub(super) fn required(
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

    pub(super) fn texts(&self, field: &str, faults: &mut Collector<'_>) -> Vec<(String, Range<usize>)> {
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

    pub(super) fn one_of<T: Copy>(
        &self,
        field: &str,
        choices: &[(&str, T)],
        faults: &mut Collector<'_>,
    ) -> Option<T> {
        let (text, span) = self.text(field, faults)?;
        choose(&|| self.path(field), &text, &span, choices, faults)
    }

    pub(super) fn table(&self, field: &str, faults: &mut Collector<'_>) -> Option<Table<'a>> {
        let value = self.get(field)?;
        match value.get_ref().as_table() {
            Some(table) => Some(Table::new(table, value.span(), &self.path(field))),
            None => {
                self.wrong(field, value, "a table", faults);
                None
            }
        }
    }

    pub(super) fn tables(&self, field: &str, faults: &mut Collector<'_>) -> Vec<Table<'a>> {
        let Some(value) = self.get(field) else {
            return Vec::new();
        };
        let wanted = || format!("a list of tables, each begun with [[{}]]", self.path(field));
        let Some(items) = value.get_ref().as_array() else {
            self.wrong(field, value, &wanted(), faults);
            return Vec::new();
        };
        let mut tables = Vec::new();
        for (index, item) in items.iter().enumerate() {
            match item.get_ref().as_table() {
                Some(table) => {
                    tables.push(Table::new(table, item.span(), &format!("{}[{index}]", self.path(field))))
                }
                None => self.wrong(field, item, &wanted(), faults),
            }
        }
        tables
    }

    pub(super) fn text_map(&self, field: &str, faults: &mut Collector<'_>) -> BTreeMap<String, String> {
        let Some(table) = self.table(field, faults) else {
            return BTreeMap::new();
        };
        let names: BTreeSet<String> = table.entries.keys().map(|key| key.get_ref().to_string()).collect();
        names
            .into_iter()
            .filter_map(|name| table.text(&name, faults).map(|(value, _)| (name, value)))
            .collect()
    }

    pub(super) fn days(&self, field: &str, faults: &mut Collector<'_>) -> Option<u16> {
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

    pub(super) fn date(&self, field: &str, faults: &mut Collector<'_>) -> Option<Date> {
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
