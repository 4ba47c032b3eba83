//! The log: each event of `tracing` as one line of JSON, with the fields of the spans that it happened in.
//!
//! The lines are those of `tracing-subscriber`'s JSON format with the fields at the top (a test holds them to it), which is
//! built for much more: it takes 25 KB of a function's package, and a twentieth of a start in which nothing is logged. A line
//! tells of the spans that its thread is in; to name a parent, or to ask for the current span, isn't provided for.

use crate::lock::lock;
use jiff::Timestamp;
use serde::ser::{Serialize, SerializeMap as _, SerializeSeq as _, Serializer};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io::Write;
use std::sync::Mutex;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

thread_local! {
    /// The spans that this thread is in, the outermost first.
    static ENTERED: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// Writes what is logged.
pub(crate) struct Log<W> {
    level: LevelFilter,
    state: Mutex<State<W>>,
}

struct State<W> {
    /// Those that somebody still holds: few at a time.
    spans: Vec<Span>,
    last: u64,
    out: W,
}

struct Span {
    id: u64,
    /// How often it is held.
    held: usize,
    name: &'static str,
    fields: Fields,
}

/// Named values in the order in which they were told.
#[derive(Default)]
struct Fields(Vec<(&'static str, Value)>);

/// One line.
struct Line<'a> {
    time: String,
    metadata: &'a Metadata<'a>,
    fields: &'a Fields,
    spans: Spans<'a>,
}

struct Spans<'a>(Vec<&'a Span>);

impl<W: Write> Log<W> {
    /// A log of what is at least at this level.
    pub(crate) fn writing_to(out: W, level: LevelFilter) -> Self {
        Self { level, state: Mutex::new(State { spans: Vec::new(), last: 0, out }) }
    }

    fn with<T>(&self, what: impl FnOnce(&mut State<W>) -> T) -> T {
        what(&mut lock(&self.state))
    }

    fn with_span(&self, id: &Id, what: impl FnOnce(&mut Span)) {
        self.with(|state| state.spans.iter_mut().find(|span| span.id == id.into_u64()).map(what));
    }
}

impl<W: Write + 'static> Subscriber for Log<W>
where
    Self: Send + Sync,
{
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        self.with(|state| {
            state.last += 1;
            let (id, name) = (state.last, attributes.metadata().name());
            state.spans.push(Span { id, held: 1, name, fields });
            Id::from_u64(id)
        })
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        // What is told may itself log while it is written, and so comes before the lock.
        let mut fields = Fields::default();
        values.record(&mut fields);
        self.with_span(id, |span| {
            fields.0.into_iter().for_each(|(name, value)| span.fields.put(name, value))
        });
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        // A thread that ends may log when its own values are gone.
        let entered = ENTERED.try_with(|entered| entered.borrow().clone()).unwrap_or_default();
        let time = format!("{:.6}", Timestamp::now());
        let written = self.with(|state| {
            let known = |id: &u64| state.spans.iter().find(|span| span.id == *id);
            let spans = Spans(entered.iter().filter_map(known).collect());
            let line = Line { time, metadata: event.metadata(), fields: &fields, spans };
            let mut line = serde_json::to_vec(&line)?;
            line.push(b'\n');
            state.out.write_all(&line)
        });
        if let Err(error) = written {
            eprintln!("can't write the log: {error}");
        }
    }

    fn enter(&self, id: &Id) {
        let _ = ENTERED.try_with(|entered| entered.borrow_mut().push(id.into_u64()));
    }

    fn exit(&self, id: &Id) {
        let _ = ENTERED.try_with(|entered| {
            let mut entered = entered.borrow_mut();
            if let Some(at) = entered.iter().rposition(|entered| *entered == id.into_u64()) {
                entered.remove(at);
            }
        });
    }

    fn clone_span(&self, id: &Id) -> Id {
        self.with_span(id, |span| span.held += 1);
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        self.with_span(&id, |span| span.held -= 1);
        self.with(|state| {
            let before = state.spans.len();
            state.spans.retain(|span| span.held > 0);
            state.spans.len() < before
        })
    }
}

impl Fields {
    fn set(&mut self, field: &Field, value: Value) {
        self.put(field.name(), value);
    }

    fn put(&mut self, name: &'static str, value: Value) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.0.push((name, value)),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.set(field, Value::String(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, value.into());
    }
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut line = serializer.serialize_map(None)?;
        line.serialize_entry("timestamp", &self.time)?;
        line.serialize_entry("level", self.metadata.level().as_str())?;
        for (name, value) in &self.fields.0 {
            line.serialize_entry(name, value)?;
        }
        line.serialize_entry("target", self.metadata.target())?;
        if !self.spans.0.is_empty() {
            line.serialize_entry("spans", &self.spans)?;
        }
        line.end()
    }
}

impl Serialize for Spans<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut spans = serializer.serialize_seq(Some(self.0.len()))?;
        for span in &self.0 {
            spans.serialize_element(span)?;
        }
        spans.end()
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut span = serializer.serialize_map(None)?;
        let fields: BTreeMap<_, _> = self.fields.0.iter().map(|(name, value)| (name, value)).collect();
        for (name, value) in fields {
            span.serialize_entry(name, value)?;
        }
        span.serialize_entry("name", self.name)?;
        span.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use std::sync::Arc;
    use tracing::subscriber::with_default;
    use tracing::{Instrument as _, error, info, info_span, warn};

    /// What was written, for the test to read.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Written {
        /// Each line, without its time.
        fn lines(&self) -> Vec<String> {
            let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
            text.lines().map(without_time).collect()
        }
    }

    fn without_time(line: &str) -> String {
        let (time, rest) = line.strip_prefix("{\"timestamp\":\"").unwrap().split_once("\",").unwrap();
        assert!(time.ends_with('Z') && time.len() == "2026-11-03T09:12:58.123456Z".len(), "{time}");
        assert!(time.parse::<Timestamp>().is_ok(), "{time}");
        rest.to_owned()
    }

    /// What becomes of events that reach all that there is to write.
    fn log_everything() {
        let why = io::Error::other("it \"broke\"\n");
        warn!("alone");
        let outer = info_span!("outer", requestId = "1-2-3", later = tracing::field::Empty, number = 7_u64);
        outer.in_scope(|| {
            error!(error = %why, kind = ?why.kind(), yes = true, below = -3_i64, part = 0.5, "it {}", "failed");
            outer.record("later", "told");
            let inner = info_span!("inner", text = ?Some("a\u{202e}"));
            inner.in_scope(|| info!(target: "elsewhere", error = &why as &dyn std::error::Error, "within"));
            drop(inner);
            info!(only = "a field");
        });
        let instrumented = async { info!("in a future") }.instrument(outer.clone());
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(instrumented);
        drop(outer);
        info!("after them all");
        tracing::debug!("too little to tell");
    }

    #[test]
    fn the_lines_are_those_of_tracing_subscriber() {
        let (own, its) = (Written::default(), Written::default());
        with_default(Log::writing_to(own.clone(), LevelFilter::INFO), log_everything);
        let out = its.clone();
        let subscriber = tracing_subscriber::fmt().json().flatten_event(true).with_current_span(false);
        let subscriber = subscriber.with_max_level(LevelFilter::INFO).with_writer(move || out.clone());
        with_default(subscriber.finish(), log_everything);
        assert_eq!(own.lines(), its.lines());
        assert_eq!(own.lines().len(), 6);
    }

    #[test]
    fn what_logs_while_it_is_told_is_waited_for_by_nobody() {
        struct Talkative;
        impl Debug for Talkative {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                info!("asked");
                f.write_str("told")
            }
        }
        let written = Written::default();
        with_default(Log::writing_to(written.clone(), LevelFilter::INFO), || {
            let span = info_span!("span", first = ?Talkative, later = tracing::field::Empty);
            span.record("later", tracing::field::debug(Talkative));
            span.in_scope(|| info!(now = ?Talkative, "said"));
        });
        let lines = written.lines();
        assert!(lines.last().unwrap().contains(r#""now":"told""#), "{lines:?}");
        assert!(lines.last().unwrap().contains(r#""later":"told""#), "{lines:?}");
    }

    #[test]
    fn nothing_below_the_level_is_told() {
        let written = Written::default();
        with_default(Log::writing_to(written.clone(), LevelFilter::ERROR), log_everything);
        assert_eq!(written.lines().len(), 1, "{:?}", written.lines());
    }

    #[test]
    fn a_span_that_nobody_holds_is_forgotten() {
        let log = Arc::new(Log::writing_to(io::sink(), LevelFilter::INFO));
        with_default(Arc::clone(&log), log_everything);
        assert!(log.with(|state| state.spans.is_empty()));
        ENTERED.with_borrow(|entered| assert!(entered.is_empty()));
    }
}
