//! Whether a key lives: scheduled for deletion, disabled, without material, or gone.
//!
//! A key that is in use is rescued from the call that endangers it, and only from that: what another call turns up is
//! told. A key that was disabled before it was scheduled stays disabled, and so does one that an exempt caller may have
//! disabled too lately for the history to show it.

use super::history::{self, Act, Before};
use super::judgement::Judgement;
use super::usage::{Usage, usage};
use super::{Call, Description, Ensure, findings};
use crate::facts::KeyState;

/// Whether a key in this state can't do its work, so that it matters if it is in use.
pub(super) fn in_danger(call: Call, state: &KeyState) -> bool {
    match state {
        KeyState::PendingDeletion { .. } | KeyState::PendingReplicaDeletion | KeyState::Disabled => true,
        // A key for imported material begins without it.
        KeyState::PendingImport => call == Call::DeleteMaterial,
        KeyState::Enabled | KeyState::Other(_) => false,
    }
}

impl Judgement<'_> {
    /// A key that is there.
    pub(super) fn life(&mut self, key: &Description) {
        match &key.state {
            KeyState::Enabled => {}
            KeyState::PendingDeletion { .. } | KeyState::PendingReplicaDeletion => self.dying(key),
            KeyState::Disabled => self.disabled(key),
            KeyState::PendingImport if self.call == Call::DeleteMaterial => {
                let usage = self.usage();
                let finding = findings::material_deleted(key, self.change, self.policy, &usage);
                self.draft.found(finding, None);
            }
            KeyState::PendingImport => {
                self.draft
                    .reasons
                    .push("the key has no material, and this call didn't take it away".to_owned());
            }
            KeyState::Other(state) if self.is_about_state() => {
                // A replica that is being made, or a primary that moves, is through with it in a moment.
                self.draft.retryable |= matches!(state.as_str(), "Creating" | "Updating");
                let why = match state.as_str() {
                    "Unavailable" => {
                        "its custom key store is disconnected, and what it would be once connected isn't shown"
                    }
                    _ => "DescribeKey doesn't show what it will be",
                };
                self.draft.doubt(&format!("whether it is enabled: its state is {state}; {why}"));
            }
            KeyState::Other(_) => {}
        }
    }

    /// A key that KMS doesn't know.
    pub(super) fn gone(&mut self) {
        // A key that dies while its deletion is being looked at is told of too, whoever hears of its end.
        if !matches!(self.call, Call::Deleted | Call::Schedule) {
            self.draft.reasons.push("the key no longer exists".to_owned());
            return;
        }
        let usage = self.usage();
        let finding = findings::deleted(&self.key, self.facts, self.policy, &usage);
        self.draft.found(finding, None);
    }

    fn is_about_state(&self) -> bool {
        match self.call {
            Call::Schedule
            | Call::Cancel
            | Call::Disable
            | Call::Enable
            | Call::DeleteMaterial
            | Call::Deleted => true,
            Call::PutPolicy | Call::DisableRotation | Call::UpdateAlias | Call::DeleteAlias => false,
        }
    }

    /// Whether the key is in use; an answer that can't be given makes the whole verdict unsure.
    fn usage(&mut self) -> Usage {
        let usage = usage(self.policy, self.facts, self.now);
        if let Usage::Unknown { retryable, .. } = usage {
            self.draft.retryable |= retryable;
            self.in_doubt = true;
        }
        usage
    }

    /// Whether the key was enabled when its deletion was scheduled, as far as that may be acted on.
    ///
    /// A DisableKey call that isn't on record yet matters only if an exempt caller made it: anybody else's is undone on its
    /// own event.
    fn before(&self, key: &Description) -> Before {
        match history::before(self.change, self.facts, key) {
            Before::Enabled(why)
                if history::may_lack_what_came_before(self.change, self.facts)
                    && history::was_anybody_exempt(self.policy, self.change, self.now) =>
            {
                Before::Unknown(format!("{why}, {}", findings::EXEMPT_CALL_MAY_BE_MISSING))
            }
            before @ (Before::Enabled(_) | Before::Disabled(_) | Before::Unknown(_)) => before,
        }
    }

    fn dying(&mut self, key: &Description) {
        let usage = self.usage();
        let mut finding = findings::deletion_scheduled(key, self.policy, &usage);
        finding.evidence.extend(history::again(self.change, self.facts));
        if self.call == Call::DeleteMaterial {
            let told =
                "its imported material was taken away too: to cancel the deletion doesn't bring it back";
            finding.evidence.push(told.to_owned());
        }
        if self.call != Call::Schedule {
            let told = "seen while looking at another call: whether that deletion is undone is decided on its own event";
            finding.evidence.push(told.to_owned());
            return self.draft.found(finding, None);
        }
        if let Some(later) = history::done_later(self.change, self.facts, Act::Scheduled) {
            finding.evidence.push(later);
            return self.draft.found(finding, None);
        }
        if !matches!(usage, Usage::InUse { .. }) {
            return self.draft.found(finding, None);
        }
        if let Some(times) = history::too_often(self.facts, Act::Cancelled, self.now) {
            finding.evidence.push(findings::no_fight("its deletion was cancelled", times));
            return self.draft.found(finding, None);
        }
        let before = self.before(key);
        match &before {
            Before::Enabled(why) => {
                finding
                    .evidence
                    .push(format!("{why}: once the deletion is cancelled it is to be enabled again"));
                if !history::has_caught_up(self.change, self.facts) {
                    let told = "CloudTrail's event history, which is up to 15 minutes late, doesn't show this call yet: a call that disabled the key shortly before would be missing from it too";
                    finding.evidence.push(told.to_owned());
                }
            }
            Before::Disabled(why) => {
                finding.evidence.push(format!("{why}: it stays disabled once the deletion is cancelled"));
            }
            Before::Unknown(_) => {}
        }
        let cancel = self.effect(Ensure::NotPendingDeletion);
        self.draft.found(finding, cancel);
        match before {
            Before::Enabled(_) => {
                let enable = self.effect(Ensure::Enabled);
                self.draft.effects.extend(enable);
            }
            Before::Disabled(why) => {
                if history::disabled_lately(self.change, self.facts) {
                    self.draft.found(findings::stays_disabled_as_of_late(&self.key, why), None);
                }
            }
            Before::Unknown(why) => {
                self.draft.retryable |= history::may_be_told_later(self.facts);
                self.draft.found(findings::stays_disabled_in_doubt(&self.key, why), None);
            }
        }
    }

    fn disabled(&mut self, key: &Description) {
        let before = match self.call {
            // What cancelling leaves behind, or what was so before.
            Call::Schedule | Call::Cancel => Some(self.before(key)),
            Call::Disable
            | Call::Enable
            | Call::PutPolicy
            | Call::DeleteMaterial
            | Call::DisableRotation
            | Call::UpdateAlias
            | Call::DeleteAlias
            | Call::Deleted => None,
        };
        if let Some(Before::Disabled(why)) = &before {
            self.draft.reasons.push(format!("its deletion is cancelled; {why}, and stays so"));
            return;
        }
        if self.call == Call::Cancel && history::is_own(self.change, self.facts) {
            let told = "Sealwatch's own call: what became of the rescue is told on the event of the call that it undid";
            self.draft.reasons.push(told.to_owned());
            return;
        }
        let usage = self.usage();
        let mut finding = findings::disabled(key, self.policy, &usage);
        finding.evidence.extend(history::again(self.change, self.facts));
        let not_its_doing = history::done_later(self.change, self.facts, Act::Disabled).or_else(|| {
            history::disabled_already(self.change, self.facts).filter(|_| self.call == Call::Disable)
        });
        if let Some(why) = not_its_doing {
            finding.evidence.push(why);
            return self.draft.found(finding, None);
        }
        if let Some(why) = history::unread(self.facts).filter(|_| self.call == Call::Disable) {
            self.draft.retryable |= history::may_be_told_later(self.facts);
            finding.evidence.push(format!("can't tell whether it was this call that disabled it: {why}"));
            return self.draft.found(finding, None);
        }
        let is_its_doing = match before {
            Some(Before::Enabled(why)) => {
                finding.evidence.push(format!("a cancelled deletion left it disabled; {why}"));
                true
            }
            Some(Before::Unknown(why)) => {
                self.draft.retryable |= history::may_be_told_later(self.facts);
                finding.evidence.push(format!(
                    "a cancelled deletion left it disabled; can't tell whether it was enabled before, so it stays so: {why}"
                ));
                false
            }
            Some(Before::Disabled(_)) => false,
            None if self.call == Call::Disable => true,
            None => {
                let told = "seen while looking at another call: whether it is enabled again is decided on the event of the call that disabled it";
                finding.evidence.push(told.to_owned());
                false
            }
        };
        if !is_its_doing || !matches!(usage, Usage::InUse { .. }) {
            return self.draft.found(finding, None);
        }
        if let Some(times) = history::too_often(self.facts, Act::Enabled, self.now) {
            finding.evidence.push(findings::no_fight("it was enabled", times));
            return self.draft.found(finding, None);
        }
        let enable = self.effect(Ensure::Enabled);
        self.draft.found(finding, enable);
    }
}
