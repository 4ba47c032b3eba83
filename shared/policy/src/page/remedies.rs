//! What a page leaves to a person.
//!
//! A step and what carries it out belong together: where a part were missing, somebody would act on the rest. Tells nothing that
//! the findings and outcomes don't hold.

use crate::plan::{Effect, LOOK_UP, Outcome, Remedy};
use crate::report::Report;

impl<E: Effect> Report<'_, E> {
    /// What is left to a person, by what it is about: of what is mended only what is good to know.
    pub(super) fn remedies(&self) -> Vec<(&'static str, Vec<&Remedy>)> {
        let refused = self.plan.effects.iter().zip(&self.outcomes).map(|(effect, outcome)| {
            let remedies: Vec<&Remedy> = match outcome {
                Outcome::Refused { remedies, .. } => remedies.iter().collect(),
                Outcome::Applied
                | Outcome::Already
                | Outcome::Withheld
                | Outcome::Failed { .. }
                | Outcome::Replayed => Vec::new(),
            };
            (effect.ensure(), remedies)
        });
        let found = self
            .plan
            .findings
            .iter()
            .map(|finding| (finding.id, left_of(&finding.remedies, self.mended(finding))));
        let mut groups: Vec<(_, Vec<&Remedy>)> = Vec::new();
        for (about, remedies) in refused.chain(found) {
            // Two findings may be mended by the same; what is told in part only is told again, for it may not work without the rest.
            let is_told = |(_, told): &(_, Vec<_>)| told.windows(remedies.len()).any(|it| it == remedies);
            if !remedies.is_empty() && !groups.iter().any(is_told) {
                groups.push((about, remedies));
            }
        }
        groups
    }
}

/// All remedies of what isn't mended; of what is, the steps that no command or statement carries out, and what only looks back.
fn left_of(remedies: &[Remedy], mended: bool) -> Vec<&Remedy> {
    let stays = |remedy: &Remedy| match remedy {
        Remedy::Step(_) => true,
        Remedy::Command(command) => command.starts_with(LOOK_UP),
        Remedy::Statement(_) => false,
    };
    let steps = remedies.chunk_by(|_, next| !matches!(next, Remedy::Step(_)));
    steps.filter(|step| !mended || step.iter().all(stays)).flatten().collect()
}
