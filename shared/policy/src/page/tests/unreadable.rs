//! Pages of what can't be read: the event itself, or the state that it points at.

use super::*;
use crate::facts::Unreadable;

#[test]
fn an_event_that_cannot_be_read() {
    let error = ParseError::Field { field: "awsRegion", found: String::new() };
    let page = unreadable("111122223333", "eu-central-1", "e-1", error);
    insta::assert_snapshot!(shown(&page), @r#"
    SUBJECT    [Sealwatch] HIGH the log-group guard got an event that it can't read
    SMS        Sealwatch HIGH the log-group guard got an event that it can't read; 111122223333/eu-central-1
    ATTRIBUTES account=111122223333 finding=event.unreadable guard=log-group region=eu-central-1 severity=high
    EMAIL
    HIGH the log-group guard got an event that it can't read

    What happened
      event      e-1
      where      account 111122223333, eu-central-1
      problem    the record has no readable `awsRegion`

    What Sealwatch did
      Nothing: it can't tell what was changed. The invocation fails, so that Lambda retries it and then
      puts the event on the failure queue.

    What to do
      1. Read the event on the failure queue or in CloudTrail by its id, and look at the resource it names.

    Runbook: README.md, "Runbook", `event.unreadable`
    Event: e-1
    CHAT
    {
      "version": "1.0",
      "source": "custom",
      "content": {
        "textType": "client-markdown",
        "title": "HIGH the log-group guard got an event that it can't read",
        "nextSteps": [
          "read the event on the failure queue"
        ]
      },
      "metadata": {
        "threadId": "HIGH the log-group guard got an event that it can't read",
        "summary": "HIGH the log-group guard got an event that it can't read",
        "additionalContext": {
          "severity": "high",
          "finding": "event.unreadable",
          "guard": "log-group",
          "account": "111122223333",
          "region": "eu-central-1"
        }
      }
    }
    "#);
}

#[test]
fn the_page_of_an_unreadable_event_has_no_link_but_the_runbooks() {
    let evil = "https://evil.example/x";
    let event = UnreadableEvent {
        id: evil.to_owned(),
        account: evil.to_owned(),
        region: evil.to_owned(),
        error: ParseError::Field { field: "awsRegion", found: format!(" (found `{evil}`)") },
    };
    let runbook = Some("https://wiki.example.com/sealwatch");
    let page = Page::of_unreadable_event_with(Guard::LogGroup, &event, runbook);
    assert_eq!(page.text.matches("://").count(), 1, "{}", page.text);
    assert!(page.text.contains("Runbook: https://wiki.example.com/sealwatch#event-unreadable\n"));
}

#[test]
fn an_unread_state_tells_the_error_on_one_line() {
    let (policy, change) = (Policy::parse(POLICY).unwrap(), change(&record("CreateLogGroup")));
    let why = "logs:DescribeLogGroups: ThrottlingException\nslow down".to_owned();
    let facts = Facts {
        group: Reading::Unreadable(Unreadable { why, retryable: true }),
        tags: Reading::NotAsked,
        keys: BTreeMap::new(),
    };
    let plan = decide(&policy, &change, &facts, change.time);
    let story = Story { policy, mode: Mode::Page, change, plan, outcomes: Vec::new() };
    let page = story.page();
    assert!(
        page.text.contains("      logs:DescribeLogGroups: ThrottlingException slow down\n"),
        "{}",
        page.text
    );
    assert_eq!(page.attributes["severity"], "high");
}
