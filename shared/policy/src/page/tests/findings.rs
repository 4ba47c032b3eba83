//! Which findings page, which of them gives the title, and a call that only tried.

use super::*;
use crate::plan::Verdict;

#[test]
fn an_attempt_that_was_denied() {
    let mut record = record("DisassociateKmsKey");
    record["errorCode"] = json!("AccessDenied");
    record["errorMessage"] = json!("User is not authorized to perform: logs:DisassociateKmsKey");
    record["requestParameters"] = json!(null);
    let story = story(&record, KeyReading::Absent, Mode::Page, Vec::new());
    insta::assert_snapshot!(story.page().text, @r#"
    LOW a call to take the KMS key away failed; the record doesn't say of what

    What happened
      call       DisassociateKmsKey of logs.amazonaws.com, failed with AccessDenied
      when       2026-11-20T08:15:00Z
      who        arn:aws:sts::111122223333:assumed-role/Deploy/ada
      from       203.0.113.7
      with       aws-cli/2.31.0
      where      account 111122223333, eu-central-1
      resource   not named in the record

    What Sealwatch found
      - log-group.attempt-denied (low): a call to take the KMS key away failed; the record doesn't say of what
          errorCode AccessDenied
          errorMessage User is not authorized to perform: logs:DisassociateKmsKey
      - the call failed with AccessDenied, so it changed nothing

    What Sealwatch did
      Nothing: no repair follows from what it found.

    What to do
      1. ask the caller why; nothing was changed

    Runbook: README.md, "Runbook", `log-group.attempt-denied`
    Event: 33333333-aaaa-bbbb-cccc-444444444444
    "#);
}

#[test]
fn what_pages_is_at_or_above_the_policys_level_or_in_trouble() {
    for (from, outcome, expected) in [
        ("info", Outcome::Applied, true),
        ("medium", Outcome::Applied, true),
        ("high", Outcome::Applied, false),
        ("critical", Outcome::Withheld, false),
        ("critical", refused(), true),
        ("critical", failed("x"), true),
    ] {
        let mut story = created(Mode::Remediate, outcome.clone());
        story.policy = Policy::parse(&format!("mode = \"page\"\npages.from = \"{from}\"")).unwrap();
        assert_eq!(story.report().page().is_some(), expected, "{from} {outcome:?}");
    }
    let mut quiet = created(Mode::Remediate, Outcome::Applied);
    quiet.plan = Plan::settled(Verdict::Compliant, "all is well");
    assert_eq!(quiet.report().page(), None);
}

#[test]
fn the_worst_finding_gives_the_title_and_of_equals_the_first() {
    for (severities, expected) in [
        ([Severity::High, Severity::Medium, Severity::Low], "a"),
        ([Severity::High, Severity::High, Severity::High], "a"),
        ([Severity::Low, Severity::Critical, Severity::Critical], "b"),
    ] {
        let mut story = created(Mode::Remediate, Outcome::Applied);
        let ids = ["a", "b", "c"].into_iter().zip(severities);
        story.plan.findings = ids.map(|(id, severity)| finding(id, severity, id)).collect();
        let page = story.page();
        assert_eq!(page.attributes["finding"], expected, "{severities:?}");
        assert!(page.title.contains(&format!(" {expected} (")), "{}", page.title);
    }
}
