//! A key's judgement in the making: what the call is about, by the key's own state.
//!
//! Effects follow only for a key of the function's own account and Region, and only where it is known to be in use.

use super::{Call, Description, Effect, Ensure, Facts, findings};
use crate::change::Change;
use crate::facts::Reading;
use crate::guards::draft::Draft;
use crate::names::KeyArn;
use crate::plan::{Plan, Verdict};
use crate::policy::Policy;
use jiff::Timestamp;

/// A plan in the making.
pub(super) struct Judgement<'a> {
    pub(super) policy: &'a Policy,
    pub(super) change: &'a Change,
    pub(super) call: Call,
    pub(super) facts: &'a Facts,
    pub(super) now: Timestamp,
    pub(super) key: KeyArn,
    pub(super) draft: Draft<Effect>,
    /// Whether it can't be told if the key is in use.
    pub(super) in_doubt: bool,
}

impl<'a> Judgement<'a> {
    pub(super) fn new(
        policy: &'a Policy,
        change: &'a Change,
        call: Call,
        facts: &'a Facts,
        key: KeyArn,
        now: Timestamp,
    ) -> Self {
        Self { policy, change, call, facts, now, key, draft: Draft::new(), in_doubt: false }
    }

    /// What the call did to the key.
    pub(super) fn judge(&mut self, key: &Description) {
        self.life(key);
        match self.call {
            Call::PutPolicy => self.policy_change(key),
            Call::DisableRotation => self.rotation(),
            Call::Deleted => {
                self.draft.reasons.push("KMS still knows the key".to_owned());
            }
            Call::Schedule
            | Call::Cancel
            | Call::Disable
            | Call::Enable
            | Call::DeleteMaterial
            | Call::UpdateAlias
            | Call::DeleteAlias => {}
        }
    }

    /// The effect, where it is this function's to make.
    pub(super) fn effect(&self, ensure: Ensure) -> Option<Effect> {
        super::is_ours(self.change, &self.key).then(|| Effect { key: self.key.clone(), ensure })
    }

    fn rotation(&mut self) {
        const WHAT: &str = "whether it is rotated";
        match &self.facts.rotation {
            Reading::Known(true) | Reading::Assumed(true) => {}
            Reading::Known(false) | Reading::Assumed(false) => {
                self.draft.found(findings::rotation_off(&self.key), None);
            }
            // Keys of other kinds are never rotated by KMS.
            Reading::Absent => self.draft.reasons.push("KMS doesn't rotate keys of this kind".to_owned()),
            Reading::Unreadable(error) => self.draft.unread(WHAT, error),
            Reading::NotAsked => self.draft.doubt(&format!("{WHAT}: nobody asked")),
        }
    }

    pub(super) fn plan(mut self) -> Plan<Effect> {
        if self.in_doubt {
            self.draft.be_unsure();
        }
        let what = "not all of its state can be told";
        let mut plan = self.draft.plan(|unclear| findings::state_unknown(&self.key, what, unclear));
        if plan.reasons.is_empty() {
            plan.reasons.push(match plan.verdict {
                Verdict::Compliant => "the key is as it should be".to_owned(),
                Verdict::Unknown => "not all that matters about the key can be told".to_owned(),
                Verdict::Violation | Verdict::Exempt | Verdict::Ignored => {
                    "no key is to be taken away from what needs it".to_owned()
                }
            });
        }
        plan
    }
}
