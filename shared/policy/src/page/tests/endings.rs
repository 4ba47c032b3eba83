//! How a repair ended, and that the page says so and never more.

use super::*;

#[test]
fn a_repaired_group() {
    insta::assert_snapshot!(shown(&created(Mode::Remediate, Outcome::Applied).page()), @r#"
    SUBJECT    [Sealwatch] MEDIUM log-group.unencrypted /payments/api 111122223333 eu-central-1 (repaired)
    SMS        Sealwatch MEDIUM log-group.unencrypted /payments/api 111122223333 eu-central-1 (repaired)
    ATTRIBUTES account=111122223333 finding=log-group.unencrypted guard=log-group region=eu-central-1 severity=medium
    EMAIL
    MEDIUM log group /payments/api has no KMS key (repaired)

    What happened
      call       CreateLogGroup of logs.amazonaws.com, succeeded
      when       2026-11-20T08:15:00Z
      who        arn:aws:sts::111122223333:assumed-role/Deploy/ada
      from       203.0.113.7
      with       aws-cli/2.31.0
      where      account 111122223333, eu-central-1
      resource   arn:aws:logs:eu-central-1:111122223333:log-group:/payments/api

    What Sealwatch found
      - log-group.unencrypted (medium): log group /payments/api has no KMS key
          its own state, read after the event, shows no kmsKeyId
          log group class STANDARD
      - rule `/payments/*` (line 2) names the key `alias/payments`

    What Sealwatch did
      - associate the key arn:aws:kms:eu-central-1:111122223333:key/11111111-12ab-34cd-56ef-1234567890ab with the log group /payments/api: done, and seen on reading back

    Good to know
      1. whoever reads or writes this log group then needs kms:Decrypt and kms:GenerateDataKey on the key through CloudWatch Logs (kms:ViaService = logs.eu-central-1.amazonaws.com)

    Runbook: README.md, "Runbook", `log-group.unencrypted`
    Event: 33333333-aaaa-bbbb-cccc-444444444444
    CHAT
    {
      "version": "1.0",
      "source": "custom",
      "content": {
        "textType": "client-markdown",
        "title": "MEDIUM log group /payments/api has no KMS key (repaired)",
        "nextSteps": [
          "whoever reads or writes this log group then needs kms:Decrypt and kms:GenerateDataKey on the key through CloudWatch Logs (kms:ViaService = logs.eu-central-1.amazonaws.com)"
        ]
      },
      "metadata": {
        "threadId": "arn:aws:logs:eu-central-1:111122223333:log-group:/payments/api",
        "summary": "MEDIUM log group /payments/api has no KMS key (repaired)",
        "additionalContext": {
          "severity": "medium",
          "finding": "log-group.unencrypted",
          "guard": "log-group",
          "account": "111122223333",
          "region": "eu-central-1"
        }
      }
    }
    "#);
}

#[test]
fn a_repair_that_the_mode_withholds() {
    let story = story(
        &record("DisassociateKmsKey"),
        KeyReading::Known(Box::new(key(true))),
        Mode::Page,
        vec![Outcome::Withheld],
    );
    insta::assert_snapshot!(shown(&story.page()), @r#"
    SUBJECT    [Sealwatch] HIGH log-group.key-removed /.../api 111122223333 eu-central-1 (not repaired: mode page)
    SMS        Sealwatch HIGH log-group.key-removed /payments/api 111122223333 eu-central-1 (not repaired: mode page)
    ATTRIBUTES account=111122223333 finding=log-group.key-removed guard=log-group region=eu-central-1 severity=high
    EMAIL
    HIGH the KMS key of log group /payments/api was taken away (not repaired: mode page)

    What happened
      call       DisassociateKmsKey of logs.amazonaws.com, succeeded
      when       2026-11-20T08:15:00Z
      who        arn:aws:sts::111122223333:assumed-role/Deploy/ada
      from       203.0.113.7
      with       aws-cli/2.31.0
      where      account 111122223333, eu-central-1
      resource   arn:aws:logs:eu-central-1:111122223333:log-group:/payments/api

    What Sealwatch found
      - log-group.key-removed (high): the KMS key of log group /payments/api was taken away
          its own state, read after the event, shows no kmsKeyId
          log group class STANDARD
      - rule `/payments/*` (line 2) names the key `alias/payments`

    What Sealwatch did
      - associate the key arn:aws:kms:eu-central-1:111122223333:key/11111111-12ab-34cd-56ef-1234567890ab with the log group /payments/api: NOT done: the mode is `page`

    What to do
      1. associate the key with the log group:
           aws logs associate-kms-key --region eu-central-1 --log-group-name /payments/api --kms-key-id arn:aws:kms:eu-central-1:111122223333:key/11111111-12ab-34cd-56ef-1234567890ab
      2. whoever reads or writes this log group then needs kms:Decrypt and kms:GenerateDataKey on the key through CloudWatch Logs (kms:ViaService = logs.eu-central-1.amazonaws.com)

    Runbook: README.md, "Runbook", `log-group.key-removed`
    Event: 33333333-aaaa-bbbb-cccc-444444444444
    CHAT
    {
      "version": "1.0",
      "source": "custom",
      "content": {
        "textType": "client-markdown",
        "title": "HIGH the KMS key of log group /payments/api was taken away (not repaired: mode page)",
        "nextSteps": [
          "associate the key with the log group:",
          "aws logs associate-kms-key --region eu-central-1 --log-group-name /payments/api --kms-key-id arn:aws:kms:eu-central-1:111122223333:key/11111111-12ab-34cd-56ef-1234567890ab",
          "whoever reads or writes this log group then needs kms:Decrypt and kms:GenerateDataKey on the key through CloudWatch Logs (kms:ViaService = logs.eu-central-1.amazonaws.com)"
        ]
      },
      "metadata": {
        "threadId": "arn:aws:logs:eu-central-1:111122223333:log-group:/payments/api",
        "summary": "HIGH the KMS key of log group /payments/api was taken away (not repaired: mode page)",
        "additionalContext": {
          "severity": "high",
          "finding": "log-group.key-removed",
          "guard": "log-group",
          "account": "111122223333",
          "region": "eu-central-1"
        }
      }
    }
    "#);
}

#[test]
fn a_repair_that_is_refused() {
    insta::assert_snapshot!(shown(&created(Mode::Remediate, refused()).page()), @r#"
    SUBJECT    [Sealwatch] HIGH log-group.unencrypted /payments/api 111122223333 eu-central-1 (REPAIR FAILED)
    SMS        Sealwatch HIGH log-group.unencrypted /payments/api 111122223333 eu-central-1 (REPAIR FAILED)
    ATTRIBUTES account=111122223333 finding=log-group.unencrypted guard=log-group region=eu-central-1 severity=high
    EMAIL
    HIGH log group /payments/api has no KMS key (REPAIR FAILED)

    What happened
      call       CreateLogGroup of logs.amazonaws.com, succeeded
      when       2026-11-20T08:15:00Z
      who        arn:aws:sts::111122223333:assumed-role/Deploy/ada
      from       203.0.113.7
      with       aws-cli/2.31.0
      where      account 111122223333, eu-central-1
      resource   arn:aws:logs:eu-central-1:111122223333:log-group:/payments/api

    What Sealwatch found
      - log-group.unencrypted (medium): log group /payments/api has no KMS key
          its own state, read after the event, shows no kmsKeyId
          log group class STANDARD
      - rule `/payments/*` (line 2) names the key `alias/payments`

    What Sealwatch did
      - associate the key arn:aws:kms:eu-central-1:111122223333:key/11111111-12ab-34cd-56ef-1234567890ab with the log group /payments/api: NOT done, refused: logs:AssociateKmsKey: AccessDeniedException: not authorized

    What to do
      log-group-key:
      1. this function's role may not associate keys; add this statement to it:
           {
             "Effect": "Allow",
             "Action": "logs:AssociateKmsKey",
             "Resource": "arn:aws:logs:eu-central-1:111122223333:log-group:*"
           }
      log-group.unencrypted:
      2. associate the key with the log group:
           aws logs associate-kms-key --region eu-central-1 --log-group-name /payments/api --kms-key-id arn:aws:kms:eu-central-1:111122223333:key/11111111-12ab-34cd-56ef-1234567890ab
      3. whoever reads or writes this log group then needs kms:Decrypt and kms:GenerateDataKey on the key through CloudWatch Logs (kms:ViaService = logs.eu-central-1.amazonaws.com)

    Runbook: README.md, "Runbook", `log-group.unencrypted`
    Event: 33333333-aaaa-bbbb-cccc-444444444444
    CHAT
    {
      "version": "1.0",
      "source": "custom",
      "content": {
        "textType": "client-markdown",
        "title": "HIGH log group /payments/api has no KMS key (REPAIR FAILED)",
        "nextSteps": [
          "this function's role may not associate keys; add this statement to it:",
          "{\"Effect\":\"Allow\",\"Action\":\"logs:AssociateKmsKey\",\"Resource\":\"arn:aws:logs:eu-central-1:111122223333:log-group:*\"}",
          "associate the key with the log group:",
          "aws logs associate-kms-key --region eu-central-1 --log-group-name /payments/api --kms-key-id arn:aws:kms:eu-central-1:111122223333:key/11111111-12ab-34cd-56ef-1234567890ab",
          "whoever reads or writes this log group then needs kms:Decrypt and kms:GenerateDataKey on the key through CloudWatch Logs (kms:ViaService = logs.eu-central-1.amazonaws.com)"
        ]
      },
      "metadata": {
        "threadId": "arn:aws:logs:eu-central-1:111122223333:log-group:/payments/api",
        "summary": "HIGH log group /payments/api has no KMS key (REPAIR FAILED)",
        "additionalContext": {
          "severity": "high",
          "finding": "log-group.unencrypted",
          "guard": "log-group",
          "account": "111122223333",
          "region": "eu-central-1"
        }
      }
    }
    "#);
}

#[test]
fn a_repair_that_fails() {
    let page = created(Mode::Remediate, failed("logs:AssociateKmsKey: timed out")).page();
    insta::assert_snapshot!(shown(&page), @r#"
    SUBJECT    [Sealwatch] HIGH log-group.unencrypted /payments/api 111122223333 eu-central-1 (REPAIR FAILED)
    SMS        Sealwatch HIGH log-group.unencrypted /payments/api 111122223333 eu-central-1 (REPAIR FAILED)
    ATTRIBUTES account=111122223333 finding=log-group.unencrypted guard=log-group region=eu-central-1 severity=high
    EMAIL
    HIGH log group /payments/api has no KMS key (REPAIR FAILED)

    What happened
      call       CreateLogGroup of logs.amazonaws.com, succeeded
      when       2026-11-20T08:15:00Z
      who        arn:aws:sts::111122223333:assumed-role/Deploy/ada
      from       203.0.113.7
      with       aws-cli/2.31.0
      where      account 111122223333, eu-central-1
      resource   arn:aws:logs:eu-central-1:111122223333:log-group:/payments/api

    What Sealwatch found
      - log-group.unencrypted (medium): log group /payments/api has no KMS key
          its own state, read after the event, shows no kmsKeyId
          log group class STANDARD
      - rule `/payments/*` (line 2) names the key `alias/payments`

    What Sealwatch did
      - associate the key arn:aws:kms:eu-central-1:111122223333:key/11111111-12ab-34cd-56ef-1234567890ab with the log group /payments/api: NOT done, failed: logs:AssociateKmsKey: timed out

    What to do
      1. associate the key with the log group:
           aws logs associate-kms-key --region eu-central-1 --log-group-name /payments/api --kms-key-id arn:aws:kms:eu-central-1:111122223333:key/11111111-12ab-34cd-56ef-1234567890ab
      2. whoever reads or writes this log group then needs kms:Decrypt and kms:GenerateDataKey on the key through CloudWatch Logs (kms:ViaService = logs.eu-central-1.amazonaws.com)

    Runbook: README.md, "Runbook", `log-group.unencrypted`
    Event: 33333333-aaaa-bbbb-cccc-444444444444
    CHAT
    {
      "version": "1.0",
      "source": "custom",
      "content": {
        "textType": "client-markdown",
        "title": "HIGH log group /payments/api has no KMS key (REPAIR FAILED)",
        "nextSteps": [
          "associate the key with the log group:",
          "aws logs associate-kms-key --region eu-central-1 --log-group-name /payments/api --kms-key-id arn:aws:kms:eu-central-1:111122223333:key/11111111-12ab-34cd-56ef-1234567890ab",
          "whoever reads or writes this log group then needs kms:Decrypt and kms:GenerateDataKey on the key through CloudWatch Logs (kms:ViaService = logs.eu-central-1.amazonaws.com)"
        ]
      },
      "metadata": {
        "threadId": "arn:aws:logs:eu-central-1:111122223333:log-group:/payments/api",
        "summary": "HIGH log group /payments/api has no KMS key (REPAIR FAILED)",
        "additionalContext": {
          "severity": "high",
          "finding": "log-group.unencrypted",
          "guard": "log-group",
          "account": "111122223333",
          "region": "eu-central-1"
        }
      }
    }
    "#);
}

#[test]
fn a_page_says_how_it_ended_and_never_more() {
    const DONE: &str = "done, and seen on reading back";
    for (name, mode, outcomes, suffix, told, severity) in [
        ("applied", Mode::Remediate, vec![Outcome::Applied], " (repaired)", DONE, "medium"),
        ("already so", Mode::Remediate, vec![Outcome::Already], " (repaired)", "it was so already", "medium"),
        (
            "observed",
            Mode::Observe,
            vec![Outcome::Withheld],
            " (not repaired: mode observe)",
            "NOT done: the mode is `observe`",
            "medium",
        ),
        (
            "paged",
            Mode::Page,
            vec![Outcome::Withheld],
            " (not repaired: mode page)",
            "NOT done: the mode is `page`",
            "medium",
        ),
        (
            "replayed",
            Mode::Remediate,
            vec![Outcome::Replayed],
            " (would be repaired)",
            "would be done (replay)",
            "medium",
        ),
        (
            "refused",
            Mode::Remediate,
            vec![refused()],
            " (REPAIR FAILED)",
            "NOT done, refused: logs:AssociateKmsKey",
            "high",
        ),
        (
            "failed",
            Mode::Remediate,
            vec![failed("timed out")],
            " (REPAIR FAILED)",
            "NOT done, failed: timed out",
            "high",
        ),
        (
            "never reached",
            Mode::Remediate,
            vec![],
            " (REPAIR FAILED)",
            "NOT done: it was not reached",
            "high",
        ),
    ] {
        let story = Story { outcomes, ..created(mode, Outcome::Applied) };
        let page = story.page();
        for line in [&page.title, &page.subject, &page.sms] {
            assert!(line.ends_with(suffix), "{name}: {line}");
        }
        assert!(page.text.contains(told), "{name}: {}", page.text);
        assert_eq!(page.text.contains(DONE), told == DONE, "{name}");
        assert_eq!(page.text.contains("Good to know"), suffix == " (repaired)", "{name}");
        assert_eq!(page.attributes["severity"], severity, "{name}");
        assert_eq!(page.severity.as_str(), severity, "{name}");
        // The receipt lists the effect, whatever became of it.
        assert_eq!(story.report().receipt(None).effects.len(), 1, "{name}");
    }
}
