//! What each protocol is sent, and that the longest of it fits.

use super::*;

#[test]
fn a_message_has_a_text_for_each_protocol() {
    let page = created(Mode::Remediate, Outcome::Applied).page();
    let message: Value = serde_json::from_str(&page.message()).unwrap();
    let names: Vec<&String> = message.as_object().unwrap().keys().collect();
    assert_eq!(names, ["default", "email", "sms"]);
    assert_eq!(message["email"], json!(page.text));
    assert_eq!(message["sms"], json!(page.sms));
    let chat: Value = serde_json::from_str(message["default"].as_str().unwrap()).unwrap();
    assert_eq!(chat, page.chat);
    assert_eq!((&chat["version"], &chat["source"]), (&json!("1.0"), &json!("custom")));
}

#[test]
fn the_longest_names_fit_every_limit() {
    let mut record = record("CreateLogGroup");
    record["requestParameters"] = json!({ "logGroupName": format!("/payments/{}", "#".repeat(502)) });
    record["awsRegion"] = json!("us-gov-northwest-1");
    let story = story(&record, KeyReading::Known(Box::new(key(false))), Mode::Remediate, Vec::new());
    let page = story.page();
    check_limits(&page, "long names");
    assert!(page.subject.ends_with("111122223333 us-gov-northwest-1"), "{}", page.subject);
    // A command that doesn't fit is left out, never cut.
    for step in page.chat["content"]["nextSteps"].as_array().unwrap() {
        assert!(!step.as_str().unwrap().contains('…'), "{step}");
    }
}

#[test]
fn the_worst_case_fits_into_one_message() {
    for text in forgeries() {
        let mut story = forged(&text);
        story.plan.findings =
            (0..50).map(|_| finding("log-group.key-unusable", Severity::High, &text)).collect();
        story.plan.reasons = vec![text.clone(); 50];
        story.outcomes = vec![Outcome::Failed { why: text.clone() }; 50];
        check_limits(&story.page(), &text.chars().take(5).collect::<String>().escape_unicode().to_string());
    }
}
