//! What a person is told to do about a key that is gone.

use super::*;

const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

fn told(facts: &Facts) -> Vec<String> {
    let plan = plan(&change("DeleteKey"), &Facts { key: Reading::Absent, ..facts.clone() });
    let [finding] = plan.findings.as_slice() else { panic!("one finding: {plan:#?}") };
    assert_eq!(finding.id, "key.deleted");
    finding.remedies.iter().map(ToString::to_string).collect()
}

fn associate(name: &str) -> String {
    format!("aws logs associate-kms-key --region eu-central-1 --log-group-name{name} --kms-key-id KEY_ARN")
}

#[test]
fn each_log_group_and_trail_that_was_seen_has_its_command() {
    let trail = TrailArn::parse("arn:aws:cloudtrail:eu-west-1:111122223333:trail/audit").unwrap();
    let facts = Facts {
        log_groups: groups(&["/payments/api", "-x#y"]),
        trails: Reading::Known(vec![trail.clone()]),
        ..Facts::none()
    };
    let told = told(&facts);
    for command in [
        associate(" /payments/api"),
        associate("='-x#y'"),
        associate(" NAME"),
        format!("aws cloudtrail update-trail --region eu-west-1 --name {trail} --kms-key-id KEY_ARN"),
        format!(
            "aws cloudtrail lookup-events --region eu-central-1 --lookup-attributes AttributeKey=ResourceName,AttributeValue={KEY}"
        ),
    ] {
        assert!(told.contains(&command), "{command}: {told:#?}");
    }
    assert!(!told.iter().any(|it| it.contains("TRAIL_ARN")), "{told:#?}");
}

#[test]
fn nothing_is_told_of_what_is_known_not_to_be() {
    let all_seen = Facts { log_groups: groups(&[]), trails: Reading::Known(Vec::new()), ..Facts::none() };
    assert!(!told(&all_seen).iter().any(|it| it.contains("KEY_ARN")), "{:#?}", told(&all_seen));
    let unseen = told(&Facts::none());
    assert!(unseen.contains(&associate(" NAME")), "{unseen:#?}");
    assert!(unseen.iter().any(|it| it.contains("--name TRAIL_ARN")), "{unseen:#?}");
}

#[test]
fn a_page_names_some_of_many() {
    let names: Vec<String> = (0..50).map(|number| format!("/app/{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let trails = (0..50).map(|number| format!("arn:aws:cloudtrail:eu-west-1:111122223333:trail/t-{number}"));
    let trails = trails.map(|arn| TrailArn::parse(&arn).unwrap()).collect();
    let told = told(&Facts { log_groups: groups(&names), trails: Reading::Known(trails), ..Facts::none() });
    let count = |what: &str| told.iter().filter(|it| it.contains(what)).count();
    assert_eq!((count("associate-kms-key"), count("update-trail")), (11, 11), "{told:#?}");
    assert_eq!((count("NAME"), count("TRAIL_ARN")), (1, 1), "and how to find the others: {told:#?}");
}
