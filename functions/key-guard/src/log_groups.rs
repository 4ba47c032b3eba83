//! The log groups that encrypt with a key: all groups of the account and Region are gone through.
//!
//! No call lists a key's log groups. They are read at the pace of the quota and as long as there is time; what was
//! found by then stands, and that the rest wasn't looked at is told.

use crate::gather::Inquiry;
use aws_sdk_cloudwatchlogs::types::LogGroup;
use sealwatch_policy::facts::{Reading, Unreadable};
use sealwatch_policy::guards::key::{LogGroups, Scan};
use sealwatch_policy::names::LogGroupArn;
use sealwatch_runtime::deadline::Step;
use sealwatch_runtime::trouble::{Trouble, call};
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

const OPERATION: &str = "logs:DescribeLogGroups";

/// As many as DescribeLogGroups gives at most.
const PAGE: i32 = 50;

/// DescribeLogGroups has a quota of ten a second, for all that call it in the account and Region.
const PACE: Duration = Duration::from_millis(110);

/// As many as one receipt and one judgement can hold.
const USERS: usize = 1_000;

impl Inquiry<'_> {
    /// The groups that use the key, as far as `scan` wants them looked through.
    pub async fn log_groups(&self, scan: Scan) -> Reading<LogGroups> {
        let wanted = match scan {
            Scan::None => return Reading::NotAsked,
            Scan::First => 1,
            Scan::All => USERS + 1,
        };
        let mut groups = LogGroups::default();
        match self.look_through(wanted, &mut groups).await {
            Ok(()) => {}
            Err(error) if groups.looked_at == 0 => return Reading::Unreadable(error),
            Err(error) => groups.cut_short = Some(error),
        }
        if groups.using.len() > USERS {
            groups.using.truncate(USERS);
            let why = format!("more than {USERS} log groups use it, and only the first {USERS} are judged");
            groups.cut_short = Some(Unreadable::for_good(why));
        }
        Reading::Known(groups)
    }

    /// Page after page, until `wanted` groups are found or there are no more.
    async fn look_through(&self, wanted: usize, groups: &mut LogGroups) -> Result<(), Unreadable> {
        let mut pace = interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut pages = 0_usize;
        let mut next = None;
        loop {
            if self.deadline.bound(Step::Gather, pace.tick()).await.is_none() {
                let why = format!("{OPERATION}: ran out of time after {pages} pages of {PAGE}");
                return Err(Unreadable { why, retryable: true });
            }
            let asked = self.boot.clients.logs().describe_log_groups().limit(PAGE).set_next_token(next);
            let answer = call(self.deadline, Step::Gather, OPERATION, asked.send()).await?;
            let Some(listed) = answer.log_groups else {
                return Err(Trouble::unclear(OPERATION, "the answer has no list of log groups").into());
            };
            pages += 1;
            for group in &listed {
                groups.looked_at += 1;
                groups.using.extend(self.if_using(group)?);
                if groups.using.len() >= wanted {
                    return Ok(());
                }
            }
            next = answer.next_token;
            if next.is_none() {
                return Ok(());
            }
        }
    }

    /// The group's ARN if it uses the key. CloudWatch Logs names a group's key by its ARN.
    fn if_using(&self, group: &LogGroup) -> Result<Option<LogGroupArn>, Unreadable> {
        if group.kms_key_id() != Some(&self.key.to_string()) {
            return Ok(None);
        }
        let unclear = |why: &str| Unreadable::from(Trouble::unclear(OPERATION, why));
        let arn = LogGroupArn::parse(group.log_group_arn().or(group.arn()).unwrap_or_default())
            .map_err(|error| unclear(&error.to_string()))?;
        if arn.place() != self.key.place() {
            return Err(unclear(&format!("it answers with {arn}, which isn't of this account and Region")));
        }
        Ok(Some(arn))
    }
}
