//! The findings over time: bars stacked by severity, an hour each or longer.

use super::escape::Text;
use jiff::{SignedDuration, Timestamp};
use sealwatch_policy::plan::Severity;
use std::collections::BTreeMap;
use std::io::{Result, Write};

/// Worst first, as they are stacked from the ground and listed.
pub const SEVERITIES: [Severity; 5] =
    [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];

/// More bars than this can't be told apart on a phone.
const BARS: i64 = 120;
const DAY: i64 = 24;
const WEEK: i64 = 7 * DAY;

/// Findings of an hour or longer, by severity.
type Counts = BTreeMap<Severity, usize>;

/// Findings by the hour.
#[derive(Debug, Default)]
pub struct Timeline {
    /// By hours since 1970.
    hours: BTreeMap<i64, Counts>,
}

/// What is drawn: bars of one width, from the start of a day.
struct Bars {
    /// In hours.
    width: i64,
    /// The hour that the first one begins with.
    start: i64,
    number: i64,
    counts: BTreeMap<i64, Counts>,
}

impl Timeline {
    /// Takes in a receipt's findings; also none, which widens the span.
    pub fn add(&mut self, time: Timestamp, severities: impl Iterator<Item = Severity>) {
        let counts = self.hours.entry(time.as_second().div_euclid(3_600)).or_default();
        severities.for_each(|severity| *counts.entry(severity).or_default() += 1);
    }

    pub fn join(&mut self, other: Self) {
        for (hour, counts) in other.hours {
            let hour = self.hours.entry(hour).or_default();
            counts.into_iter().for_each(|(severity, count)| *hour.entry(severity).or_default() += count);
        }
    }

    fn bars(&self) -> Option<Bars> {
        let (first, last) = (*self.hours.first_key_value()?.0, *self.hours.last_key_value()?.0);
        let start = first.div_euclid(DAY) * DAY;
        let end = (last.div_euclid(DAY) + 1) * DAY;
        let longer = std::iter::successors(Some(4 * WEEK), |width| Some(width * 2));
        let width = [1, DAY, WEEK].into_iter().chain(longer).find(|width| end - start <= BARS * width)?;
        let mut counts: BTreeMap<i64, Counts> = BTreeMap::new();
        for (hour, of_hour) in &self.hours {
            let bar = counts.entry((hour - start).div_euclid(width)).or_default();
            of_hour.iter().for_each(|(severity, count)| *bar.entry(*severity).or_default() += count);
        }
        Some(Bars { width, start, number: (end - start + width - 1).div_euclid(width), counts })
    }

    pub fn write(&self, out: &mut impl Write) -> Result<()> {
        match self.bars() {
            Some(bars) if bars.most() > 0 => bars.write(out),
            Some(_) | None => Ok(()),
        }
    }
}

impl Bars {
    fn most(&self) -> usize {
        self.counts.values().map(|counts| counts.values().sum()).max().unwrap_or_default()
    }

    /// The bars with findings.
    fn full(&self) -> impl Iterator<Item = (i64, &Counts)> {
        self.counts.iter().filter(|(_, counts)| !counts.is_empty()).map(|(bar, counts)| (*bar, counts))
    }

    fn write(&self, out: &mut impl Write) -> Result<()> {
        let unit = match self.width {
            1 => "hour".to_owned(),
            DAY => "day".to_owned(),
            WEEK => "week".to_owned(),
            hours => format!("{} weeks", hours / WEEK),
        };
        let most = self.most();
        let peak = self.full().find(|(_, counts)| counts.values().sum::<usize>() == most);
        let peak = peak.map(|(bar, _)| self.label(bar)).unwrap_or_default();
        write!(
            out,
            r#"<section><h2 id="timeline">Findings per {unit}</h2>
<figure class="timeline" aria-labelledby="timeline"><div class="key" aria-hidden="true">"#
        )?;
        for severity in SEVERITIES {
            write!(
                out,
                r#"<span><svg viewBox="0 0 1 1"><rect class="{severity}" width="1" height="1"/></svg>{severity}</span>"#
            )?;
        }
        writeln!(
            out,
            r#"</div><div class="chart"><svg viewBox="0 0 {} 100" preserveAspectRatio="none" role="img" aria-label="Findings per {unit} from {} to {}, stacked by severity. The most, {most}, at {peak}.">"#,
            self.number * 10,
            self.label(0),
            self.label(self.number - 1),
        )?;
        self.full().try_for_each(|(bar, counts)| self.bar(out, bar, counts, most))?;
        write!(
            out,
            r#"</svg><div class="most" aria-hidden="true"><span>{most}</span></div></div><div class="axis" aria-hidden="true">"#
        )?;
        for bar in [0, self.number / 2, self.number - 1] {
            write!(out, "<span>{}</span>", Text(&self.label(bar)))?;
        }
        writeln!(out, "</div>")?;
        self.numbers(out, &unit)?;
        writeln!(out, "</figure></section>")
    }

    fn bar(&self, out: &mut impl Write, bar: i64, counts: &Counts, most: usize) -> Result<()> {
        let left = bar * 10;
        write!(
            out,
            r#"<g><title>{}: {}</title><rect class="room" x="{left}" y="0" width="10" height="100"/>"#,
            self.label(bar),
            told(counts)
        )?;
        let mut top = 100.0;
        for severity in SEVERITIES {
            let Some(count) = counts.get(&severity) else { continue };
            // Few among many are still seen. The rest is left above for them.
            let height = (share(*count, most) * 94.0).max(1.2);
            top -= height;
            write!(
                out,
                r#"<rect class="{severity}" x="{}" y="{top:.2}" width="8" height="{height:.2}"/>"#,
                left + 1
            )?;
        }
        writeln!(out, "</g>")
    }

    /// The same for whoever sees no bars.
    fn numbers(&self, out: &mut impl Write, unit: &str) -> Result<()> {
        write!(
            out,
            r#"<details class="more"><summary>As numbers</summary><div class="scroll"><table><thead><tr><th scope="col">{unit}</th>"#
        )?;
        SEVERITIES
            .iter()
            .try_for_each(|severity| write!(out, r#"<th scope="col" class="n">{severity}</th>"#))?;
        writeln!(out, "</tr></thead><tbody>")?;
        for (bar, counts) in self.full() {
            write!(out, r#"<tr><th scope="row">{}</th>"#, self.label(bar))?;
            for severity in SEVERITIES {
                write!(out, r#"<td class="n">{}</td>"#, counts.get(&severity).copied().unwrap_or_default())?;
            }
            writeln!(out, "</tr>")?;
        }
        writeln!(out, "</tbody></table></div></details>")
    }

    /// When a bar begins.
    fn label(&self, bar: i64) -> String {
        let begin = SignedDuration::from_hours(self.start + bar * self.width);
        // Only an end of the calendar isn't a time; no event is from there.
        let begin = Timestamp::from_duration(begin).unwrap_or(Timestamp::MAX);
        let format = if self.width < DAY { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d" };
        begin.strftime(format).to_string()
    }
}

fn told(counts: &Counts) -> String {
    let worst_first = counts.iter().rev();
    worst_first.map(|(severity, count)| format!("{count} {severity}")).collect::<Vec<_>>().join(", ")
}

#[expect(clippy::cast_precision_loss, reason = "nobody sees a part of 2^52")]
fn share(count: usize, most: usize) -> f64 {
    count as f64 / most as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bars(times: &[&str]) -> (i64, i64, Vec<i64>) {
        let mut timeline = Timeline::default();
        for time in times {
            timeline.add(time.parse().expect("a time"), [Severity::High].into_iter());
        }
        let bars = timeline.bars().expect("there are some");
        (bars.width, bars.number, bars.full().map(|(bar, _)| bar).collect())
    }

    #[test]
    fn a_bar_is_an_hour_a_day_or_weeks_by_the_span() {
        for (from, to, width, number, full) in [
            ("2026-11-03T09:12:44Z", "2026-11-03T09:12:44Z", 1, 24, vec![9]),
            ("2026-11-03T23:59:59Z", "2026-11-07T00:00:00Z", 1, 120, vec![23, 96]),
            ("2026-11-03T23:59:59Z", "2026-11-08T00:00:00Z", DAY, 6, vec![0, 5]),
            ("2026-01-01T00:00:00Z", "2026-04-30T23:59:59Z", DAY, 120, vec![0, 119]),
            ("2026-01-01T00:00:00Z", "2026-05-01T00:00:00Z", WEEK, 18, vec![0, 17]),
            ("2016-01-01T00:00:00Z", "2026-01-01T00:00:00Z", 8 * WEEK, 66, vec![0, 65]),
        ] {
            assert_eq!(bars(&[from, to]), (width, number, full), "{from} {to}");
        }
    }

    #[test]
    fn the_ends_of_the_calendar_are_drawn_too() {
        let (_, number, full) = bars(&["-009998-01-01T00:00:00Z", "9999-12-30T00:00:00Z"]);
        assert!(number <= BARS && full == [0, number - 1], "{number} {full:?}");
    }

    #[test]
    fn without_findings_nothing_is_drawn() {
        let mut timeline = Timeline::default();
        timeline.add(Timestamp::UNIX_EPOCH, std::iter::empty());
        let mut out = Vec::new();
        timeline.write(&mut out).expect("memory can be written");
        assert!(out.is_empty());
    }
}
