//! `replay --format html`: the page holds what the JSON holds, and nothing in it runs, loads or hides.
//!
//! Reads the page as text. What a browser makes of it is looked at in `tests/report`.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a program that can't be run, or output of another shape, fails the test"
)]

mod program;
mod samples;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use program::{Place, Run};
use regex::Regex;
use samples::{HOSTILE, event, path, root, shipped_in};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// All samples in both formats, the same way.
fn both(place: &Place, more: &[&str]) -> (String, Vec<Value>, Run) {
    let (events, state) = (root().join("events"), root().join("events/state.json"));
    let (events, state) = (events.display().to_string(), state.display().to_string());
    let run = |format: &str| {
        place.run(&[&["replay", &events, "--state", &state, "--format", format], more].concat())
    };
    let (page, json) = (run("html"), run("json"));
    assert_eq!((page.status, json.status), (0, 0), "{}", page.err);
    (page.out.clone(), json.receipts(), page)
}

fn page_of(place: &Place, event: &Value) -> String {
    place.write("event.json", event.to_string());
    let run = place.run(&["replay", "--format", "html", "event.json"]);
    assert_eq!(run.status, 0, "{}", run.err);
    run.out
}

/// The number that stands under an id.
fn number(page: &str, id: &str) -> usize {
    let found = Regex::new(&format!(r#"<dd id="{id}">(\d+)</dd>"#)).expect("a pattern").captures(page);
    found.unwrap_or_else(|| panic!("no number `{id}`"))[1].parse().expect("a number")
}

fn all<'a>(page: &'a str, pattern: &str) -> Vec<&'a str> {
    let pattern = Regex::new(pattern).expect("a pattern");
    pattern.captures_iter(page).map(|found| found.get(1).expect("a group").as_str()).collect()
}

/// Text as a browser reads it out of an element.
fn read(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[test]
fn the_page_holds_every_receipt_once_and_whole_in_order_of_time() {
    let (page, receipts, _) = both(&Place::new(), &[]);
    let shown =
        all(&page, r"(?s)<summary>Receipt as JSON, but for what stands above</summary><pre>(.*?)</pre>");
    let shown: Vec<Value> =
        shown.into_iter().map(|text| serde_json::from_str(&read(text)).expect("JSON")).collect();
    let mut rest = receipts.clone();
    for receipt in rest.iter_mut().filter_map(Value::as_object_mut) {
        receipt.retain(|field, _| !["findings", "page", "reasons", "assumed"].contains(&field.as_str()));
    }
    assert_eq!(shown, rest);
    let rows: Vec<&str> = page.split("<li data-g=").skip(1).collect();
    assert_eq!(rows.len(), receipts.len());
    for (row, receipt) in rows.iter().zip(&receipts) {
        let row = read(row);
        let above = row.split("<summary>Receipt as JSON").next().expect("a row");
        let list = |value: &Value| value.as_array().expect("a list").clone();
        let mut told = [list(&receipt["reasons"]), list(&receipt["assumed"])].concat();
        for finding in list(&receipt["findings"]) {
            told.extend([finding["id"].clone(), finding["severity"].clone(), finding["summary"].clone()]);
            told.extend(list(&finding["evidence"]));
            // A statement is written over several lines.
            let steps = list(&finding["remedy"]).into_iter();
            told.extend(steps.filter(|step| !step.as_str().is_some_and(|step| step.starts_with('{'))));
        }
        if let Some(page) = receipt["page"].as_object() {
            told.extend([page["title"].clone(), page["text"].clone()]);
        }
        for text in told {
            let text = text.as_str().expect("a text");
            assert!(above.contains(text), "`{text}` isn't told in {above}");
        }
    }
    assert_eq!(page.matches("<summary class=\"row\">").count(), receipts.len());
    let texts = all(&page, r"(?s)<summary>Page, [^<]*</summary><pre>(.*?)</pre>");
    let texts: Vec<String> = texts.into_iter().map(read).collect();
    let pages: Vec<&str> = receipts.iter().filter_map(|receipt| receipt["page"]["text"].as_str()).collect();
    assert_eq!(texts, pages);
    let commands = all(&page, r#"(?s)<pre class="copy"><code>(aws .*?)</code>"#);
    let commands: Vec<String> = commands.into_iter().map(read).collect();
    let findings = receipts.iter().flat_map(|receipt| receipt["findings"].as_array().expect("a list"));
    let remedies = findings.flat_map(|finding| finding["remedy"].as_array().expect("a list"));
    let wanted: Vec<&str> =
        remedies.filter_map(Value::as_str).filter(|step| step.starts_with("aws ")).collect();
    assert_eq!(commands, wanted);
}

#[test]
fn its_numbers_are_those_of_the_receipts() {
    let place = Place::new();
    let rows = Regex::new(
        r#"<tr><td>([^<]*)</td><td data-q="[^"]*">([^<]*)</td><td><i class="\w+">\w+</i></td><td class="n">(\d+)</td></tr>"#,
    );
    let rows = rows.expect("a pattern");
    for mode in ["observe", "page", "remediate"] {
        place.write("policy.toml", shipped_in(mode));
        let (page, receipts, run) = both(&place, &[]);
        let each = |list: &str| -> Vec<Value> {
            receipts.iter().flat_map(|receipt| receipt[list].as_array().expect("a list").clone()).collect()
        };
        let (findings, effects) = (each("findings"), each("effects"));
        let outcomes =
            |list: &[Value], outcome: &str| list.iter().filter(|it| it["outcome"] == outcome).count();
        let pages: Vec<Value> = receipts.iter().map(|receipt| receipt["page"].clone()).collect();
        for (id, wanted) in [
            ("records", receipts.len()),
            ("judged", receipts.len()),
            ("found", findings.len()),
            ("repaired", outcomes(&effects, "replayed")),
            ("paged", outcomes(&pages, "replayed")),
            ("withheld", outcomes(&effects, "withheld") + outcomes(&pages, "withheld")),
            ("unreadable", 0),
        ] {
            assert_eq!(number(&page, id), wanted, "{mode}: {id}");
        }
        for severity in ["critical", "high", "medium", "low", "info"] {
            let wanted = findings.iter().filter(|finding| finding["severity"] == severity).count();
            assert_eq!(number(&page, severity), wanted, "{mode}: {severity}");
        }
        let mut wanted: BTreeMap<(String, String), usize> = BTreeMap::new();
        for receipt in &receipts {
            for finding in receipt["findings"].as_array().expect("a list") {
                let key = (receipt["guard"].to_string(), finding["id"].to_string());
                *wanted.entry(key).or_default() += 1;
            }
        }
        let found: BTreeMap<(String, String), usize> = rows
            .captures_iter(&page)
            .map(|row| {
                ((json!(row[1]).to_string(), json!(row[2]).to_string()), row[3].parse().expect("a number"))
            })
            .collect();
        assert_eq!(found, wanted, "{mode}");
        run.told(&format!("{} judged", receipts.len()));
    }
}

#[test]
fn what_is_left_out_or_cannot_be_read_is_counted_in_it() {
    let place = Place::new();
    place.write("broken.json", "{");
    let sample = |name: &str| path(name).display().to_string();
    let (worker, stopped) = (sample("log-group/created-without-key"), sample("trail/stopped-by-name"));
    let run =
        place.run(&["replay", "--format", "html", "--guard", "trail", "broken.json", &worker, &stopped]);
    assert_eq!(run.status, 2, "{}", run.err);
    assert_eq!((number(&run.out, "judged"), number(&run.out, "unreadable")), (1, 1));
    for words in ["<li>left out: 1 by --guard</li>", "<dd>--guard trail</dd>", "What can't be read: 1</h2>"] {
        assert!(run.out.contains(words), "{words}");
    }
    let none = place.run(&["replay", "--format", "html", "--since", "2027-01-01", &worker]);
    assert_eq!((none.status, number(&none.out, "judged")), (0, 0), "{}", none.err);
    assert!(none.out.contains("No receipts") && none.out.ends_with("</html>\n"));
}

#[test]
fn the_first_hundred_things_that_cannot_be_read_are_named_in_it() {
    let place = Place::new();
    for index in 0..102 {
        place.write(&format!("logs/{index:03}.json"), "{");
    }
    place.write("logs/000 <img src=x onerror=alert(1)>.json", "{");
    let run = place.run(&["replay", "--format", "html", "logs"]);
    assert_eq!((run.status, number(&run.out, "unreadable")), (2, 103), "{}", run.err);
    let [shown] = all(&run.out, r#"(?s)<pre class="facts" id="troubles">(.*?)</pre>"#)[..] else {
        panic!("one list: {}", run.out)
    };
    let (named, rest) = shown.trim().rsplit_once('\n').expect("lines");
    assert_eq!(rest, "… and 3 more, named on standard error");
    let told: Vec<&str> =
        run.err.lines().filter_map(|line| line.strip_prefix("sealwatch: can't read ")).collect();
    assert_eq!(told.len(), 103);
    assert_eq!(read(named).lines().collect::<Vec<_>>(), told[..100], "in the same order");
    assert!(named.starts_with("logs/000 &lt;img src=x onerror=alert(1)&gt;.json"), "{named}");
}

#[test]
fn hostile_texts_stay_text() {
    let place = Place::new();
    for name in HOSTILE {
        let page = page_of(&place, &event(name));
        for line in page.lines() {
            assert!(!samples::could_forge(line), "{name}: {line:?}");
        }
    }
    let hostile = "\"'`><script>window.__pwned = 1</script></pre></code></title><img src=x onerror=alert(1)>]]>--><!--\u{202e}";
    let mut event = event("log-group/created-by-hostile-caller");
    let plain = page_of(&place, &event);
    let detail = &mut event["detail"];
    detail["userIdentity"]["arn"] = hostile.into();
    detail["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] = hostile.into();
    detail["requestParameters"]["logGroupName"] = hostile.into();
    for field in ["userAgent", "sourceIPAddress", "eventID"] {
        detail[field] = hostile.into();
    }
    let refused = {
        let mut refused = event.clone();
        refused["detail"]["errorCode"] = hostile.into();
        refused["detail"]["errorMessage"] = hostile.into();
        refused
    };
    let tags = |page: &str| -> BTreeMap<String, usize> {
        let mut tags = BTreeMap::new();
        all(page, r"<([a-zA-Z!/][^\s>]*)")
            .into_iter()
            .for_each(|tag| *tags.entry(tag.to_owned()).or_default() += 1);
        tags
    };
    for event in [event, refused] {
        let page = page_of(&place, &event);
        assert!(page.contains("&lt;script&gt;window.__pwned = 1&lt;/script&gt;"), "it is shown");
        for raw in ["<script>window", "<img", "]]>", "<!--", "\u{202e}"] {
            assert!(!page.contains(raw), "{raw}");
        }
        assert!(tags(&page).keys().all(|tag| tags(&plain).contains_key(tag)), "no element that isn't ours");
        assert_eq!(page.matches("<script>").count(), 1);
    }
    // A path and a policy's name are told too.
    let folder = "<script>window.__pwned=1<";
    place.write(&format!("{folder}/event.json"), samples::event(HOSTILE[0]).to_string());
    place.write(&format!("{folder}/policy.toml"), samples::SHIPPED);
    let policy = format!("{folder}/policy.toml");
    let run = place.run(&["replay", "--format", "html", folder, "--policy", &policy]);
    assert!(
        run.out.contains("&lt;script&gt;window.__pwned=1&lt;") && !run.out.contains(folder),
        "{}",
        run.err
    );
}

#[test]
fn the_page_asks_for_nothing_and_runs_only_its_own_script() {
    let (page, _, _) = both(&Place::new(), &[]);
    let attributes =
        all(&page, r#"<[a-z][^>]*?\s(?:src|srcset|href|action|poster|data|style|on[a-z]+)=("[^"]*")"#);
    assert!(attributes.is_empty(), "{attributes:?}");
    for element in ["<link", "<iframe", "<object", "<embed", "<base", "<form", "@import", "url("] {
        assert!(!page.contains(element), "{element}");
    }
    let policy = all(&page, r#"<meta http-equiv="Content-Security-Policy" content="([^"]*)">"#);
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    let inline = |element: &str| {
        let found = all(&page, &format!("(?s)<{element}>(.*?)</{element}>"));
        assert_eq!(found.len(), 1, "one {element}");
        hash(found[0])
    };
    let wanted = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        inline("style"),
        inline("script"),
    );
    assert_eq!(policy, [wanted], "html.rs names the hashes of page.css and page.js");
    let before = page.split("<meta http-equiv").next().expect("a beginning");
    assert!(!before.contains("<style") && !before.contains("<script"), "the policy comes first");
}
