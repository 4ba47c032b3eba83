//! Gathers the facts: the key, then side by side what its state makes worth asking.
//!
//! One DescribeKey for a key that is as it should be. Whether a key is in use is asked of each source by itself, so
//! that one that fails hides no other; the log groups, which are many, come last and only if nothing else answers.
//! Nothing here writes or judges, and an answer about another key is no answer.

use crate::alias;
use crate::describe::describe;
use jiff::Timestamp;
use sealwatch_policy::change::Change;
use sealwatch_policy::facts::{Reading, Unreadable};
use sealwatch_policy::guards::key::{
    Description, Facts, History, Questions, Target, questions, scan, target_to_read, too_early,
};
use sealwatch_policy::key_policy::KeyPolicy;
use sealwatch_policy::names::{KeyArn, KeyRef, Place};
use sealwatch_runtime::boot::Boot;
use sealwatch_runtime::deadline::{Deadline, Step};
use sealwatch_runtime::looks::settled;

/// What is asked about one key: where, because of what, and until when.
#[derive(Clone, Copy)]
pub struct Inquiry<'a> {
    pub boot: &'a Boot,
    pub change: &'a Change,
    pub key: &'a KeyArn,
    pub now: Timestamp,
    pub deadline: &'a Deadline,
}

/// The facts about the key or alias that a change names, read now.
pub async fn gather(boot: &Boot, change: &Change, now: Timestamp, deadline: &Deadline) -> Facts {
    let mut facts = Facts::none();
    let reference = match target_to_read(&boot.policy, change, now) {
        Some(Target::Key(reference)) => reference,
        Some(Target::Alias(alias)) => return alias::gather(boot, change, &alias, now, deadline).await,
        Some(Target::Unclear(_)) | None => return facts,
    };
    let read = || look(boot, change, &reference, deadline);
    facts.key = settled(deadline, read, |found| too_early::state(change, found, now)).await;
    let (key, found) = match &facts.key {
        Reading::Known(found) if is_meant(found, change, &reference) => (found.arn.clone(), Some(found)),
        Reading::Absent => match reference {
            KeyRef::Key(arn) => (arn, None),
            KeyRef::Alias { .. } => return facts,
        },
        Reading::Known(_) | Reading::Assumed(_) | Reading::NotAsked | Reading::Unreadable(_) => return facts,
    };
    let asked = questions(&boot.policy, change, found, now);
    let inquiry = Inquiry { boot, change, key: &key, now, deadline };
    // CloudTrail's history is slow to ask, so nothing waits for it.
    let (mut facts, (history, earlier_policy)) =
        tokio::join!(inquiry.present(facts, &asked), inquiry.past(&asked));
    facts.history = history;
    facts.earlier_policy = earlier_policy;
    facts
}

/// The key or alias of a change, unless another account's or Region's function has to look.
pub async fn look(
    boot: &Boot,
    change: &Change,
    reference: &KeyRef,
    deadline: &Deadline,
) -> Reading<Description> {
    if let Some(foreign) = boot.foreign(&change.place) {
        return Reading::Unreadable(foreign);
    }
    let Place { account, region } = reference.place();
    if *reference.place() != change.place {
        let why = format!("the key is account {account}'s in {region}: look there");
        return Reading::Unreadable(Unreadable::for_good(why));
    }
    describe(boot, reference, Step::Gather, deadline).await
}

/// Whether the key that answered is the one that was asked for, or the one behind the alias, here.
fn is_meant(found: &Description, change: &Change, reference: &KeyRef) -> bool {
    let is_it = match reference {
        KeyRef::Key(arn) => *arn == found.arn,
        KeyRef::Alias { .. } => true,
    };
    is_it && *found.arn.place() == change.place
}

/// The answer to a question that may not have been asked.
async fn if_asked<T>(asked: bool, answer: impl Future<Output = Reading<T>>) -> Reading<T> {
    if asked { answer.await } else { Reading::NotAsked }
}

impl Inquiry<'_> {
    /// What is so now, all that was asked for.
    async fn present(&self, facts: Facts, asked: &Questions) -> Facts {
        let is_there = facts.key != Reading::Absent;
        let of_kms = asked.usage && is_there;
        let (aliases, tags, last_use, trails, grants, shared, policy, rotation) = tokio::join!(
            if_asked(asked.aliases, self.aliases()),
            if_asked(asked.tags, self.tags()),
            if_asked(of_kms, self.last_use()),
            if_asked(asked.usage || asked.policy, self.all_trails()),
            if_asked(of_kms, self.grants()),
            if_asked(of_kms, self.shared()),
            if_asked(asked.policy, self.policy()),
            if_asked(asked.rotation, self.rotation()),
        );
        let trails = self.of_key(trails, if is_there { &aliases } else { &Reading::Absent });
        let facts = Facts { aliases, tags, trails, policy, rotation, ..facts };
        let facts = match is_there {
            true => Facts { last_use, grants, shared, ..facts },
            // KMS tells nothing of a key that it no longer knows.
            false if asked.usage => {
                Facts { last_use: Reading::Absent, grants: Reading::Absent, shared: Reading::Absent, ..facts }
            }
            false => facts,
        };
        let log_groups = self.log_groups(scan(&self.boot.policy, asked, &facts, self.now)).await;
        Facts { log_groups, ..facts }
    }

    /// What was so before. LookupEvents takes two calls a second of a whole account, so it is asked one thing after
    /// the other.
    async fn past(&self, asked: &Questions) -> (Reading<History>, Reading<KeyPolicy>) {
        let earlier_policy = if_asked(asked.policy, self.earlier_policy()).await;
        let history = if_asked(asked.history, self.history()).await;
        (history, earlier_policy)
    }
}
