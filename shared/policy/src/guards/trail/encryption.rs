//! Whether a trail's files are encrypted, and whether the key that policy names for it would serve.
//!
//! An effect follows only from a preflight that shows the key to be fit, in the Region of the trail's bucket.

use super::judgement::Judgement;
use super::{Ensure, Named, TrailState, findings};
use crate::facts::Reading;
use crate::names::KeyRef;
use crate::plan::Remedy;
use crate::preflight::{Consumer, Obstacle, Statements, Usability, usability};

impl Judgement<'_> {
    pub(super) fn encryption(&mut self, state: &TrailState) {
        match &state.settings.key {
            Named::Nothing => self.unencrypted(),
            Named::Is(key) => self.encrypted(key),
            Named::NotTold => self.not_told("has a KMS key", "whether it has a KMS key"),
        }
    }

    /// A trail that has a key. CloudTrail checked it when it was set, so what is known of it anyhow is enough.
    fn encrypted(&mut self, key: &str) {
        let place = &self.trail.place();
        let Ok(key) = KeyRef::parse(key, place) else { return };
        let Some(reading) = self.facts.keys.get(&key) else { return };
        let region = &key.place().region;
        match usability(&key, Some(reading), Consumer::Trail(self.trail, region)) {
            Usability::Unusable(obstacles) => {
                let what = "the key that it uses doesn't serve";
                self.draft.findings.push(findings::key_unusable(
                    self.trail,
                    what,
                    obstacles,
                    Statements::Missing,
                ));
            }
            Usability::Usable { assumed, .. } => self.draft.assumed.extend(assumed),
            Usability::Unknown { .. } => {}
        }
    }

    fn unencrypted(&mut self) {
        if !self.ours {
            self.draft.findings.push(findings::unencrypted_elsewhere(self.trail));
            return;
        }
        let mut finding = findings::unencrypted(self.trail);
        if self.policy.trails.key.is_none() {
            let step = "name a key for trails: `key` under [trails] in the policy file";
            finding.remedies.push(Remedy::Step(step.to_owned()));
            self.draft.findings.push(finding);
            return;
        }
        let (wanted, usable) = self.usability();
        let (what, obstacles, statements) = match usable {
            Usability::Usable { key, assumed } => {
                finding.remedies = findings::encrypt_by_hand(self.trail, &key);
                self.draft.assumed.extend(assumed);
                return self.mend(finding, Ensure::Key(key));
            }
            Usability::Unusable(obstacles) => {
                ("the key that policy names for it can't be used", obstacles, Statements::Missing)
            }
            Usability::Unknown { obstacles, retryable } => {
                self.draft.retryable |= retryable;
                let what = "it can't be told whether the key that policy names for it can be used";
                (what, obstacles, Statements::Clearer)
            }
        };
        if let Some(wanted) = wanted {
            finding.remedies.push(Remedy::Step("once the key serves, set it:".to_owned()));
            finding.remedies.extend(findings::encrypt_by_hand(self.trail, &wanted));
        }
        self.draft.findings.push(findings::key_unusable(self.trail, what, obstacles, statements));
        self.draft.findings.push(finding);
    }

    /// The key that policy wants, if it is one, and whether it would serve.
    fn usability(&mut self) -> (Option<KeyRef>, Usability) {
        let cannot = |problem: String, remedy: &str| {
            vec![Obstacle { problem, remedies: vec![Remedy::Step(remedy.to_owned())] }]
        };
        let region = match &self.facts.bucket_region {
            Reading::Known(region) => region,
            Reading::Assumed(region) => {
                self.assume("has its bucket in its home Region");
                region
            }
            Reading::Absent => {
                let problem = "the trail's bucket doesn't exist".to_owned();
                let remedy = "create the bucket again, or give the trail another one";
                return (None, Usability::Unusable(cannot(problem, remedy)));
            }
            Reading::Unreadable(error) => {
                let problem = format!("the Region of the trail's bucket can't be read: {}", error.why);
                let remedy = "look where the bucket is: its key must be in the same Region";
                let obstacles = cannot(problem, remedy);
                return (None, Usability::Unknown { obstacles, retryable: error.retryable });
            }
            Reading::NotAsked => {
                let obstacles = cannot(
                    "the Region of the trail's bucket was not asked".to_owned(),
                    "look where the bucket is",
                );
                return (None, Usability::Unknown { obstacles, retryable: false });
            }
        };
        match super::wanted_key(self.policy, self.trail, region) {
            Some(Ok(wanted)) => {
                let reading = self.facts.keys.get(&wanted);
                let usable = usability(&wanted, reading, Consumer::Trail(self.trail, region));
                (Some(wanted), usable)
            }
            Some(Err(error)) => {
                (None, Usability::Unusable(cannot(error, "mend `key` under [trails] in the policy file")))
            }
            None => (None, Usability::Unusable(Vec::new())),
        }
    }
}
