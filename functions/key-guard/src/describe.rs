//! What DescribeKey shows of a key, or of the key behind an alias, now.
//!
//! Never remembered, and never filled in: an answer that leaves out the key's name or state is no answer.

use aws_sdk_kms::types::{KeyMetadata, MultiRegionKeyType};
use aws_smithy_types::DateTime;
use jiff::Timestamp;
use sealwatch_policy::facts::{Reading, Unreadable};
use sealwatch_policy::guards::key::{Description, MultiRegion, Origin};
use sealwatch_policy::names::{KeyArn, KeyRef};
use sealwatch_policy::untrusted::clean;
use sealwatch_runtime::boot::Boot;
use sealwatch_runtime::deadline::{Deadline, Step};
use sealwatch_runtime::keys::{describe_key, manager_of, state_of};
use sealwatch_runtime::trouble::Trouble;
use std::collections::BTreeSet;

/// KMS has no such key, alias or grant.
const NOT_FOUND: &str = "NotFoundException";

/// The key of a reference as it is now.
pub async fn describe(
    boot: &Boot,
    reference: &KeyRef,
    step: Step,
    deadline: &Deadline,
) -> Reading<Description> {
    match describe_key(&boot.clients, reference, step, deadline).await {
        Ok((_, metadata)) if metadata.key_state().is_none() => {
            Reading::Unreadable(Unreadable::for_good("kms:DescribeKey: the answer has no state"))
        }
        Ok((arn, metadata)) => Reading::Known(description(arn, &metadata)),
        Err(trouble) if trouble.is(NOT_FOUND) => boot.absent(&reference.to_string()),
        Err(trouble) => unread(trouble),
    }
}

fn description(arn: KeyArn, metadata: &KeyMetadata) -> Description {
    Description {
        arn,
        state: state_of(metadata),
        manager: manager_of(metadata),
        origin: metadata.origin().map(|origin| Origin::named(origin.as_str())),
        created: metadata.creation_date().and_then(moment),
        multi_region: multi_region(metadata),
        assumed: BTreeSet::new(),
    }
}

fn multi_region(metadata: &KeyMetadata) -> MultiRegion {
    if metadata.multi_region() == Some(false) {
        return MultiRegion::No;
    }
    let Some(configuration) = metadata.multi_region_configuration() else { return MultiRegion::NotTold };
    let region =
        |region: Option<&str>| region.map_or_else(|| "an unnamed Region".to_owned(), |it| clean(it, 60));
    match configuration.multi_region_key_type() {
        Some(MultiRegionKeyType::Primary) => MultiRegion::Primary {
            replicas: configuration.replica_keys().iter().map(|key| region(key.region())).collect(),
        },
        Some(MultiRegionKeyType::Replica) => {
            MultiRegion::Replica { primary: region(configuration.primary_key().and_then(|key| key.region())) }
        }
        // A type that is new.
        Some(_) | None => MultiRegion::NotTold,
    }
}

/// A call about the key that failed: absent if KMS knows no such key, else unreadable.
pub fn unread<T>(trouble: Trouble) -> Reading<T> {
    if trouble.is(NOT_FOUND) { Reading::Absent } else { Reading::Unreadable(trouble.into()) }
}

/// A moment as AWS tells it; `None` if no calendar holds it.
pub fn moment(time: &DateTime) -> Option<Timestamp> {
    Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok()
}
