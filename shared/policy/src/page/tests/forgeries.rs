//! Texts of somebody else that try to be more than text, in pages and in receipts.

use super::*;
use crate::receipt::PageOutcome;
use proptest::prelude::*;
use std::fmt::Write as _;

#[test]
fn nobody_else_adds_a_line_to_a_page() {
    let lines = |page: &Page| page.text.lines().count();
    let benign = forged("benign").page();
    check_limits(&benign, "benign");
    for text in forgeries() {
        let name: String = text.chars().take(40).collect::<String>().escape_unicode().to_string();
        let page = forged(&text).page();
        check_limits(&page, &name);
        assert_eq!(lines(&page), lines(&benign), "{name}: {}", page.text);
        assert_eq!(page.attributes, benign.attributes, "{name}");
        assert_eq!(
            page.chat["content"]["nextSteps"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|step| step.as_str().unwrap().contains('\n'))
                .count(),
            0,
            "{name}"
        );
    }
}

#[test]
fn nobody_else_adds_a_line_to_the_page_of_an_unreadable_event() {
    let error = |found: &str| {
        parse(&json!({ "eventName": "x", "eventSource": "x", "eventID": "x", "eventTime": found }))
            .unwrap_err()
    };
    let benign = unreadable("benign", "benign", "benign", error("benign"));
    for text in forgeries().into_iter().chain([String::new()]) {
        let name: String = text.chars().take(40).collect::<String>().escape_unicode().to_string();
        let page = unreadable(&text, &text, &text, error(&text));
        check_limits(&page, &name);
        assert_eq!(page.text.lines().count(), benign.text.lines().count(), "{name}: {}", page.text);
    }
}

#[test]
fn a_receipt_is_one_line_without_anything_invisible() {
    for text in forgeries() {
        let name: String = text.chars().take(40).collect::<String>().escape_unicode().to_string();
        let mut story = forged(&text);
        // What a guard writes itself is cleaned where it is written; this is about the event's own texts.
        story.plan = created(Mode::Remediate, Outcome::Applied).plan;
        let page = story.page();
        let receipt = story.report().receipt(Some((page, PageOutcome::Failed(text.clone()))));
        let line = serde_json::to_string(&receipt).unwrap();
        assert!(line.chars().all(is_plain), "{name}: {line}");
        assert!(line.len() < 64 * 1024, "{name}: {}", line.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_breaks_a_page(text in any::<String>(), times in 1_usize..400) {
        let mut long = String::new();
        for _ in 0..times {
            let _ = write!(long, "{text}");
        }
        let page = forged(&format!("x{long}")).page();
        check_limits(&page, "any");
        prop_assert_eq!(page.text.lines().count(), forged("x").page().text.lines().count());
    }
}
