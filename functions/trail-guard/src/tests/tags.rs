//! The tags by which policy may exempt a trail, and answers that don't hold them.

use super::*;
use aws_sdk_cloudtrail::operation::list_tags::ListTagsOutput;
use aws_sdk_cloudtrail::types::{ResourceTag, Tag};

const SIBLING: &str = "arn:aws:cloudtrail:eu-central-1:111122223333:trail/audit-2";

fn entry(arn: &str, tags: Option<Vec<Tag>>) -> ResourceTag {
    ResourceTag::builder().resource_id(arn).set_tags_list(tags).build()
}

/// A trail without validation, of which ListTags gives these entries.
async fn handled(entries: Option<Vec<ResourceTag>>) -> (Result<Value, Unfinished>, usize) {
    let policy = format!(
        "{POLICY}[[exempt]]\nguard = \"trail\"\ntag = {{ key = \"tier\", value = \"dev\" }}\nreason = \"throw-away\"\n"
    );
    let look = looks(vec![trails(vec![trail(TRAIL, false)]), trails(vec![trail(TRAIL, true)])]);
    let (status, selectors, published) = (statuses(&[true]), selectors(), published());
    let tags = mock!(CloudTrail::list_tags)
        .match_requests(|request| request.resource_id_list() == [TRAIL.to_owned()])
        .then_output(move || ListTagsOutput::builder().set_resource_tag_list(entries.clone()).build());
    let update = mock!(CloudTrail::update_trail).then_output(|| UpdateTrailOutput::builder().build());
    let rules = [&look, &status, &selectors, &tags, &update];
    let cloudtrail = mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, rules);
    let guard = guard_by(&policy, cloudtrail, &published);
    (handle(&guard, &event("UpdateTrail", &named())).await, update.num_calls())
}

#[tokio::test]
async fn a_trail_is_exempt_by_its_own_tags_and_no_siblings() {
    let dev = || Tag::builder().key("tier").value("dev").build().unwrap();
    for (entries, verdict, updates) in [
        (vec![entry(TRAIL, Some(vec![dev()]))], "exempt", 0),
        (vec![entry(SIBLING, Some(Vec::new())), entry(TRAIL, Some(vec![dev()]))], "exempt", 0),
        (vec![entry(SIBLING, Some(vec![dev()])), entry(TRAIL, Some(Vec::new()))], "violation", 1),
        (vec![entry(TRAIL, None)], "violation", 1),
    ] {
        let (receipt, updated) = handled(Some(entries)).await;
        let receipt = receipt.unwrap();
        assert_eq!((&receipt["verdict"], updated), (&json!(verdict), updates), "{receipt}");
    }
}

#[tokio::test]
async fn an_answer_about_no_or_another_trail_withholds_the_repair() {
    for entries in [None, Some(Vec::new()), Some(vec![entry(SIBLING, Some(Vec::new()))])] {
        let (answer, updated) = handled(entries).await;
        let error = answer.unwrap_err();
        assert!(matches!(&error, Unfinished::Unknown(_)), "{error}");
        assert_eq!(updated, 0);
    }
}
