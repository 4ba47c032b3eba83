//! What there is to do: steps, statements and commands, and where the runbook is.

use super::*;
use crate::plan::shell_word;

#[test]
fn a_key_whose_policy_shuts_cloudwatch_logs_out() {
    let story = story(
        &record("CreateLogGroup"),
        KeyReading::Known(Box::new(key(false))),
        Mode::Remediate,
        Vec::new(),
    );
    insta::assert_snapshot!(shown(&story.page()), @r#"
    SUBJECT    [Sealwatch] HIGH log-group.key-unusable /payments/api 111122223333 eu-central-1
    SMS        Sealwatch HIGH log-group.key-unusable /payments/api 111122223333 eu-central-1
    ATTRIBUTES account=111122223333 finding=log-group.key-unusable guard=log-group region=eu-central-1 severity=high
    EMAIL
    HIGH log group /payments/api: the key that policy names for it can't be used

    What happened
      call       CreateLogGroup of logs.amazonaws.com, succeeded
      when       2026-11-20T08:15:00Z
      who        arn:aws:sts::111122223333:assumed-role/Deploy/ada
      from       203.0.113.7
      with       aws-cli/2.31.0
      where      account 111122223333, eu-central-1
      resource   arn:aws:logs:eu-central-1:111122223333:log-group:/payments/api

    What Sealwatch found
      - log-group.key-unusable (high): log group /payments/api: the key that policy names for it can't be used
          the policy of arn:aws:kms:eu-central-1:111122223333:key/11111111-12ab-34cd-56ef-1234567890ab doesn't let CloudWatch Logs use kms:Encrypt, kms:Decrypt, kms:ReEncrypt*, kms:GenerateDataKey*, kms:Describe* for this log group
          missing key-policy statement: {"Sid":"AllowCloudWatchLogs","Effect":"Allow","Principal":{"Service":"logs.eu-central-1.amazonaws.com"},"Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:Describe*"],"Resource":"*","Condition":{"ArnLike":{"kms:EncryptionContext:aws:logs:arn":"arn:aws:logs:eu-central-1:111122223333:*"}}}
      - log-group.unencrypted (medium): log group /payments/api has no KMS key
          its own state, read after the event, shows no kmsKeyId
          log group class STANDARD
      - rule `/payments/*` (line 2) names the key `alias/payments`

    What Sealwatch did
      Nothing: no repair follows from what it found.

    What to do
      log-group.key-unusable:
      1. write the key policy to a file:
           aws kms get-key-policy --region eu-central-1 --key-id arn:aws:kms:eu-central-1:111122223333:key/11111111-12ab-34cd-56ef-1234567890ab --policy-name default --query Policy --output text > key-policy.json
      2. add this statement to it:
           {
             "Sid": "AllowCloudWatchLogs",
             "Effect": "Allow",
             "Principal": {
               "Service": "logs.eu-central-1.amazonaws.com"
             },
             "Action": [
               "kms:Encrypt",
               "kms:Decrypt",
               "kms:ReEncrypt*",
               "kms:GenerateDataKey*",
               "kms:Describe*"
             ],
             "Resource": "*",
             "Condition": {
               "ArnLike": {
                 "kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:eu-central-1:111122223333:*"
               }
             }
           }
      3. and put it back:
           aws kms put-key-policy --region eu-central-1 --key-id arn:aws:kms:eu-central-1:111122223333:key/11111111-12ab-34cd-56ef-1234567890ab --policy-name default --policy file://key-policy.json
      log-group.unencrypted:
      4. once the key serves, associate it with the log group:
           aws logs associate-kms-key --region eu-central-1 --log-group-name /payments/api --kms-key-id "$(aws kms describe-key --region eu-central-1 --key-id arn:aws:kms:eu-central-1:111122223333:alias/payments --query KeyMetadata.Arn --output text)"
      5. whoever reads or writes this log group then needs kms:Decrypt and kms:GenerateDataKey on the key through CloudWatch Logs (kms:ViaService = logs.eu-central-1.amazonaws.com)

    Runbook: README.md, "Runbook", `log-group.key-unusable`
    Event: 33333333-aaaa-bbbb-cccc-444444444444
    CHAT
    {
      "version": "1.0",
      "source": "custom",
      "content": {
        "textType": "client-markdown",
        "title": "HIGH log group /payments/api: the key that policy names for it can't be used",
        "nextSteps": [
          "write the key policy to a file:",
          "aws kms get-key-policy --region eu-central-1 --key-id arn:aws:kms:eu-central-1:111122223333:key/11111111-12ab-34cd-56ef-1234567890ab --policy-name default --query Policy --output text > key-policy.json",
          "add this statement to it:",
          "{\"Sid\":\"AllowCloudWatchLogs\",\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"logs.eu-central-1.amazonaws.com\"},\"Action\":[\"kms:Encrypt\",\"kms:Decrypt\",\"kms:ReEncrypt*\",\"kms:GenerateDataKey*\",\"kms:Describe*\"],\"Resource\":\"*\",\"Condition\":{\"ArnLike\":{\"kms:EncryptionContext:aws:logs:arn\":\"arn:aws:logs:eu-central-1:111122223333:*\"}}}",
          "and put it back:",
          "aws kms put-key-policy --region eu-central-1 --key-id arn:aws:kms:eu-central-1:111122223333:key/11111111-12ab-34cd-56ef-1234567890ab --policy-name default --policy file://key-policy.json",
          "once the key serves, associate it with the log group:",
          "aws logs associate-kms-key --region eu-central-1 --log-group-name /payments/api --kms-key-id \"$(aws kms describe-key --region eu-central-1 --key-id arn:aws:kms:eu-central-1:111122223333:alias/payments --query KeyMetadata.Arn --output text)\"",
          "whoever reads or writes this log group then needs kms:Decrypt and kms:GenerateDataKey on the key through CloudWatch Logs (kms:ViaService = logs.eu-central-1.amazonaws.com)"
        ]
      },
      "metadata": {
        "threadId": "arn:aws:logs:eu-central-1:111122223333:log-group:/payments/api",
        "summary": "HIGH log group /payments/api: the key that policy names for it can't be used",
        "additionalContext": {
          "severity": "high",
          "finding": "log-group.key-unusable",
          "guard": "log-group",
          "account": "111122223333",
          "region": "eu-central-1"
        }
      }
    }
    "#);
}

#[test]
fn the_command_to_type_is_there_unless_it_is_done() {
    let command = format!(
        "aws logs associate-kms-key --region eu-central-1 --log-group-name /payments/api --kms-key-id {KEY}"
    );
    for (outcome, expected) in
        [(Outcome::Applied, false), (Outcome::Withheld, true), (refused(), true), (failed("x"), true)]
    {
        let page = created(Mode::Page, outcome.clone()).page();
        assert_eq!(page.text.contains(&command), expected, "{outcome:?}");
        let steps = page.chat["content"]["nextSteps"].as_array().unwrap();
        assert_eq!(steps.contains(&json!(command)), expected, "{outcome:?}");
    }
}

#[test]
fn commands_in_chat_are_those_of_the_email() {
    let story = story(
        &record("CreateLogGroup"),
        KeyReading::Known(Box::new(key(false))),
        Mode::Remediate,
        Vec::new(),
    );
    let page = story.page();
    let steps = page.chat["content"]["nextSteps"].as_array().unwrap();
    let commands = steps.iter().filter_map(Value::as_str).filter(|step| step.starts_with("aws "));
    assert_eq!(commands.clone().count(), 3, "{steps:?}");
    for command in commands {
        assert!(page.text.contains(&format!("       {command}\n")), "{command}");
    }
}

#[test]
fn the_runbook_is_the_policys_or_the_readmes() {
    let mut story = created(Mode::Remediate, Outcome::Applied);
    assert!(story.page().text.contains("Runbook: README.md, \"Runbook\", `log-group.unencrypted`\n"));
    story.policy =
        Policy::parse("mode = \"page\"\npages.runbook = \"https://wiki.example.com/seal\"").unwrap();
    assert!(story.page().text.contains("Runbook: https://wiki.example.com/seal#log-group-unencrypted\n"));
}

#[test]
fn a_step_that_a_command_carries_out_goes_once_it_is_mended() {
    let mut story = created(Mode::Remediate, Outcome::Applied);
    story.plan.findings[0].remedies = vec![
        Remedy::Step("set the key:".to_owned()),
        Remedy::Command("aws logs associate-kms-key".to_owned()),
        Remedy::Step("ask the caller why".to_owned()),
    ];
    let told = |story: &Story| {
        let text = story.page().text;
        let to_do = text.split("Good to know").nth(1).or_else(|| text.split("What to do").nth(1)).unwrap();
        ["set the key:", "aws logs associate-kms-key", "1. ask the caller why"].map(|it| to_do.contains(it))
    };
    assert_eq!(told(&story), [false, false, true]);
    story.outcomes = vec![Outcome::Withheld];
    assert_eq!(told(&story), [true, true, false], "there it is the second step");
}

#[test]
fn no_name_makes_of_a_command_in_chat_another_one() {
    // IAM lets a role's path hold any printable character of ASCII.
    let hostile = "arn:aws:iam::111122223333:role/`;echo${IFS}run;`<x/to-logs";
    let command = format!("aws cloudtrail update-trail --cloud-watch-logs-role-arn {}", shell_word(hostile));
    let mut story = created(Mode::Page, Outcome::Withheld);
    let [finding] = story.plan.findings.as_mut_slice() else { panic!("one finding") };
    finding.remedies = vec![Remedy::Step("as `this` was".to_owned()), Remedy::Command(command.clone())];
    let page = story.page();
    assert!(page.text.contains(&command), "{}", page.text);
    let steps = page.chat["content"]["nextSteps"].as_array().unwrap();
    assert_eq!(
        steps.iter().filter(|step| step.as_str().unwrap().starts_with("aws ")).count(),
        0,
        "{steps:?}"
    );
    assert!(steps.iter().any(|step| step.as_str().unwrap().contains("from the e-mail")), "{steps:?}");
    // Who copies it from the description runs one command, if with another name.
    let description = page.chat["content"]["description"].as_str().unwrap();
    let line = description.lines().find(|line| line.contains("aws cloudtrail")).unwrap();
    let script = format!("aws() {{ printf '%s\\n' \"$#\"; }}; {line}");
    let ran = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ran.stdout), "4\n", "{line}");
}

fn step(text: &str) -> Remedy {
    Remedy::Step(text.to_owned())
}

fn command(text: &str) -> Remedy {
    Remedy::Command(text.to_owned())
}

/// What a page says to do about findings with these remedies.
fn to_do(outcome: Outcome, all: &[&[Remedy]]) -> String {
    let mut story = created(Mode::Remediate, outcome);
    let finding = story.plan.findings[0].clone();
    story.plan.findings =
        all.iter().map(|remedies| Finding { remedies: remedies.to_vec(), ..finding.clone() }).collect();
    let text = story.page().text;
    let to_do =
        text.split("\nWhat to do\n").nth(1).or_else(|| text.split("\nGood to know\n").nth(1)).unwrap();
    to_do.split("\n\n").next().unwrap().to_owned()
}

#[test]
fn no_step_loses_the_command_that_carries_it_out() {
    let enable = || command("aws kms enable-key");
    let cancel = [
        step("cancel it:"),
        command("aws kms cancel-key-deletion"),
        step("enable it:"),
        enable(),
        step("ask why"),
    ];
    let disabled = [step("until then nothing can be read:"), enable()];
    insta::assert_snapshot!(to_do(Outcome::Withheld, &[&cancel, &disabled]), @r"
      log-group.unencrypted:
      1. cancel it:
           aws kms cancel-key-deletion
      2. enable it:
           aws kms enable-key
      3. ask why
      log-group.unencrypted:
      4. until then nothing can be read:
           aws kms enable-key
    ");
}

#[test]
fn what_was_told_step_by_step_is_not_told_again() {
    let again = [step("start it:"), command("aws cloudtrail start-logging")];
    let first: Vec<Remedy> = again.iter().cloned().chain([step("look back")]).collect();
    insta::assert_snapshot!(to_do(Outcome::Withheld, &[&first, &again]), @r"
      1. start it:
           aws cloudtrail start-logging
      2. look back
    ");
}

#[test]
fn a_command_that_no_step_leads_to_gets_one() {
    let remedies = [command("aws kms enable-key"), step("ask why"), command("aws kms describe-key")];
    insta::assert_snapshot!(to_do(Outcome::Withheld, &[&remedies]), @r"
      1. run:
           aws kms enable-key
      2. ask why
      3. run:
           aws kms describe-key
    ");
}

#[test]
fn what_looks_back_stays_once_it_is_mended() {
    let region = crate::names::Region::parse("eu-central-1").unwrap();
    let back = Remedy::look_up(&region, "ReadOnly", "false", Some("2026-11-03T08:00:00Z".parse().unwrap()));
    let remedies = [step("start it:"), command("aws cloudtrail start-logging"), step("look back:"), back];
    insta::assert_snapshot!(to_do(Outcome::Applied, &[&remedies]), @r"
      1. look back:
           aws cloudtrail lookup-events --region eu-central-1 --lookup-attributes AttributeKey=ReadOnly,AttributeValue=false --start-time 2026-11-03T08:00:00Z
    ");
}
