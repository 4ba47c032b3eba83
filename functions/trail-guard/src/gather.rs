//! Gathers the facts: the trail, then side by side what its state makes worth asking.
//!
//! One DescribeTrails, GetTrailStatus and GetEventSelectors for a trail that is as it should be; its history, its
//! bucket's Region and a key only where they matter; the other trails only if this one doesn't record. Nothing
//! here writes, and an answer about another trail is no answer.

use crate::memory::Memory;
use crate::selectors::selectors;
use crate::{bucket, history};
use aws_sdk_cloudtrail::operation::describe_trails::builders::DescribeTrailsFluentBuilder;
use aws_sdk_cloudtrail::types::Trail;
use jiff::Timestamp;
use sealwatch_policy::change::Change;
use sealwatch_policy::facts::{KeyReading, Reading, Unreadable};
use sealwatch_policy::guards::trail::{
    Call, Facts, Named, OtherTrail, Questions, Selectors, Settings, Status, TrailState, keys_to_read,
    others_matter, questions, too_early, trail_to_read,
};
use sealwatch_policy::names::{KeyRef, Region, TrailArn};
use sealwatch_policy::untrusted::clean;
use sealwatch_runtime::boot::Boot;
use sealwatch_runtime::deadline::{Deadline, Step};
use sealwatch_runtime::keys::Keys;
use sealwatch_runtime::looks::settled;
use sealwatch_runtime::trouble::{Trouble, call};
use std::collections::BTreeMap;
use tokio::time::Instant;

const DESCRIBE: &str = "cloudtrail:DescribeTrails";

/// Reads the account; remembers keys for a short while, and how trails looked when it last saw them.
#[derive(Debug, Default)]
pub struct Reader {
    keys: Keys,
    memory: Memory,
}

impl Reader {
    /// The facts about the trail that a change names, read now.
    pub async fn gather(&self, boot: &Boot, change: &Change, now: Timestamp, deadline: &Deadline) -> Facts {
        let mut facts = Facts::none();
        let Some(trail) = trail_to_read(&boot.policy, change, now) else {
            return facts;
        };
        let began = Instant::now();
        let read = || look(boot, change, &trail, deadline);
        facts.trail = settled(deadline, read, |found| too_early::trail(change, found, now)).await;
        let state = match &facts.trail {
            Reading::Known(state) => Some(state.clone()),
            Reading::Absent => None,
            Reading::NotAsked | Reading::Assumed(_) | Reading::Unreadable(_) => return facts,
        };
        // From then on a call may have changed what was read. A time that can't be is one that no call is later than.
        let seen_at = now.checked_add(began.elapsed()).unwrap_or(Timestamp::MAX);
        let asked = questions(&boot.policy, change, state.as_ref(), now);
        let earlier = async {
            match asked.earlier {
                true => history::or_seen(
                    history::before(boot, change, &trail, deadline).await,
                    self.memory.before(&trail, change.time),
                ),
                false => Reading::NotAsked,
            }
        };
        // Whether anybody still records is never kept waiting by what is less urgent to know.
        let (recording, sealing, earlier) = tokio::join!(
            recording(boot, change, &facts.trail, &trail, now, deadline),
            self.sealing(boot, state.as_ref(), &asked, deadline),
            earlier
        );
        (facts.status, facts.selectors, facts.others) = recording;
        (facts.bucket_region, facts.keys, facts.tags) = sealing;
        facts.earlier = earlier;
        if let Some(state) = state {
            self.memory.saw(trail, seen_at, state.settings);
        }
        facts
    }

    /// The bucket's Region and the key that belongs there; the tags.
    async fn sealing(
        &self,
        boot: &Boot,
        state: Option<&TrailState>,
        asked: &Questions,
        deadline: &Deadline,
    ) -> (Reading<Region>, BTreeMap<KeyRef, KeyReading>, Reading<BTreeMap<String, String>>) {
        let Some(state) = state else {
            return (Reading::NotAsked, BTreeMap::new(), Reading::NotAsked);
        };
        let tags = async {
            match asked.tags {
                true => tags(boot, &state.arn, deadline).await,
                false => Reading::NotAsked,
            }
        };
        let key = async {
            let region = match (asked.bucket_region, state.settings.bucket.name()) {
                (true, Some(bucket)) => bucket::region(boot, bucket, deadline).await,
                (true, None) => Reading::Unreadable(Unreadable::for_good("DescribeTrails shows no bucket")),
                (false, _) => Reading::NotAsked,
            };
            let keys = match &region {
                Reading::Known(region) => {
                    let wanted = keys_to_read(&boot.policy, &state.arn, region);
                    self.keys.read(&boot.clients, wanted, deadline).await
                }
                Reading::NotAsked | Reading::Assumed(_) | Reading::Absent | Reading::Unreadable(_) => {
                    Vec::new()
                }
            };
            (region, keys)
        };
        let (tags, (region, keys)) = tokio::join!(tags, key);
        (region, keys.into_iter().collect(), tags)
    }

    /// Forgets all keys, when one has kept a trail from being repaired: it may be mended the next minute.
    pub fn forget_keys(&self) {
        self.keys.forget();
    }
}

type Recording = (Reading<Status>, Reading<Selectors>, Reading<Vec<OtherTrail>>);

/// Whether the trail is logging and what it records; the other trails as soon as it is known not to.
async fn recording(
    boot: &Boot,
    change: &Change,
    found: &Reading<TrailState>,
    trail: &TrailArn,
    now: Timestamp,
    deadline: &Deadline,
) -> Recording {
    if *found == Reading::Absent {
        return (Reading::NotAsked, Reading::NotAsked, others(boot, trail, deadline).await);
    }
    let unasked = Reading::NotAsked;
    let logging = async {
        let read = || status(boot, trail, Step::Gather, deadline);
        let status = settled(deadline, read, |status| too_early::status(change, status, now)).await;
        let stopped = matches!(&status, Reading::Known(Status { logging: Some(false), .. }));
        let early = match stopped && others_matter(change, found, &status, &unasked) {
            true => others(boot, trail, deadline).await,
            false => Reading::NotAsked,
        };
        (status, early)
    };
    let read = || selectors(boot, trail, deadline);
    let recorded = settled(deadline, read, |selectors| too_early::selectors(change, selectors, now));
    let ((status, early), selectors) = tokio::join!(logging, recorded);
    let others = match early {
        Reading::NotAsked if others_matter(change, found, &status, &selectors) => {
            others(boot, trail, deadline).await
        }
        Reading::NotAsked
        | Reading::Known(_)
        | Reading::Assumed(_)
        | Reading::Absent
        | Reading::Unreadable(_) => early,
    };
    (status, selectors, others)
}

/// The trail of a change, unless another account's or Region's function has to look.
async fn look(boot: &Boot, change: &Change, trail: &TrailArn, deadline: &Deadline) -> Reading<TrailState> {
    let place = &change.place;
    if let Some(foreign) = boot.foreign(place) {
        return Reading::Unreadable(foreign);
    }
    let unreadable = |why: String| Reading::Unreadable(Unreadable::for_good(why));
    match describe(boot, trail, Step::Gather, deadline).await {
        // A delegated administrator's deletion is seen where it was called.
        Reading::Absent if trail.place() != place && Call::of(change) != Some(Call::Delete) => {
            unreadable(format!(
                "DescribeTrails doesn't show {trail} here: look in account {}, Region {}",
                trail.place().account,
                trail.place().region
            ))
        }
        Reading::Absent => boot.absent("such trail"),
        told @ (Reading::Known(_) | Reading::Unreadable(_) | Reading::Assumed(_) | Reading::NotAsked) => told,
    }
}

/// The description of exactly this trail.
pub async fn describe(boot: &Boot, trail: &TrailArn, step: Step, deadline: &Deadline) -> Reading<TrailState> {
    let asked = boot.clients.cloudtrail().describe_trails().trail_name_list(trail.to_string());
    let trails = match listed(asked, step, deadline).await {
        Ok(trails) => trails,
        Err(trouble) => return Reading::Unreadable(trouble.into()),
    };
    let wanted = trail.to_string();
    match trails.iter().find(|found| found.trail_arn() == Some(wanted.as_str())) {
        Some(found) => Reading::Known(TrailState { arn: trail.clone(), settings: settings_of(found) }),
        None => Reading::Absent,
    }
}

async fn listed(
    asked: DescribeTrailsFluentBuilder,
    step: Step,
    deadline: &Deadline,
) -> Result<Vec<Trail>, Trouble> {
    let answer = call(deadline, step, DESCRIBE, asked.send()).await?;
    answer.trail_list.ok_or_else(|| Trouble::unclear(DESCRIBE, "the answer has no list of trails"))
}

/// DescribeTrails leaves out what isn't set.
fn settings_of(trail: &Trail) -> Settings {
    Settings {
        bucket: Named::shown_by_api(trail.s3_bucket_name()),
        prefix: Named::shown_by_api(trail.s3_key_prefix()),
        topic: Named::shown_by_api(trail.sns_topic_arn()),
        log_group: Named::shown_by_api(trail.cloud_watch_logs_log_group_arn()),
        log_role: Named::shown_by_api(trail.cloud_watch_logs_role_arn()),
        key: Named::shown_by_api(trail.kms_key_id()),
        multi_region: trail.is_multi_region_trail(),
        validation: trail.log_file_validation_enabled(),
        organization: trail.is_organization_trail(),
        global_events: trail.include_global_service_events(),
    }
}

/// Whether a trail is logging and delivers.
pub async fn status(boot: &Boot, trail: &TrailArn, step: Step, deadline: &Deadline) -> Reading<Status> {
    let asked = boot.clients.cloudtrail().get_trail_status().name(trail.to_string());
    match call(deadline, step, "cloudtrail:GetTrailStatus", asked.send()).await {
        Ok(answer) => {
            let error = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(|it| clean(it, 400));
            Reading::Known(Status {
                logging: answer.is_logging(),
                started: Some(answer.start_logging_time().or(answer.stop_logging_time()).is_some()),
                delivery_error: error(answer.latest_delivery_error()),
                digest_error: error(answer.latest_digest_delivery_error()),
                log_group_error: error(answer.latest_cloud_watch_logs_delivery_error()),
            })
        }
        Err(trouble) if trouble.is("TrailNotFoundException") => not_found(boot, trail),
        Err(trouble) => Reading::Unreadable(trouble.into()),
    }
}

/// That a trail isn't found proves that it is gone where it is at home only: of another account's or Region's, which
/// DescribeTrails listed, AWS may not answer from here.
pub fn not_found<T>(boot: &Boot, trail: &TrailArn) -> Reading<T> {
    match boot.foreign(trail.place()) {
        Some(_) => Reading::Unreadable(Unreadable::for_good("AWS doesn't show it from here")),
        None => Reading::Absent,
    }
}

async fn tags(boot: &Boot, trail: &TrailArn, deadline: &Deadline) -> Reading<BTreeMap<String, String>> {
    const OPERATION: &str = "cloudtrail:ListTags";
    let wanted = trail.to_string();
    let asked = boot.clients.cloudtrail().list_tags().resource_id_list(&wanted);
    let listed = match call(deadline, Step::Gather, OPERATION, asked.send()).await {
        Ok(answer) => answer.resource_tag_list.unwrap_or_default(),
        Err(trouble) if trouble.is("ResourceNotFoundException") => return Reading::Absent,
        Err(trouble) => return Reading::Unreadable(trouble.into()),
    };
    // Whether the list of an untagged trail is empty or left out isn't documented; its entry names it either way.
    match listed.into_iter().find(|resource| resource.resource_id.as_deref() == Some(&wanted)) {
        Some(own) => {
            let tags = own.tags_list.unwrap_or_default();
            Reading::Known(tags.into_iter().map(|tag| (tag.key, tag.value.unwrap_or_default())).collect())
        }
        None => Reading::Unreadable(Trouble::unclear(OPERATION, "the answer leaves out the trail").into()),
    }
}

/// The other trails that reach this Region, up to the first that is enough.
async fn others(boot: &Boot, besides: &TrailArn, deadline: &Deadline) -> Reading<Vec<OtherTrail>> {
    let asked = boot.clients.cloudtrail().describe_trails().include_shadow_trails(true);
    let trails = match listed(asked, Step::Gather, deadline).await {
        Ok(trails) => trails,
        Err(trouble) => return Reading::Unreadable(trouble.into()),
    };
    let mut others = Vec::new();
    for trail in trails {
        let arn = match TrailArn::parse(trail.trail_arn().unwrap_or_default()) {
            Ok(arn) => arn,
            Err(error) => {
                return Reading::Unreadable(Trouble::unclear(DESCRIBE, &error.to_string()).into());
            }
        };
        if arn == *besides {
            continue;
        }
        let (status, selectors) =
            tokio::join!(status(boot, &arn, Step::Gather, deadline), selectors(boot, &arn, deadline));
        let other = OtherTrail { arn, multi_region: trail.is_multi_region_trail(), status, selectors };
        let enough = other.is_enough();
        others.push(other);
        if enough {
            break;
        }
    }
    Reading::Known(others)
}
