//! Applies the effects: each changes one setting of exactly the trail of the plan, and is read back.
//!
//! Makes no choices, and sends no setting but the one that is to be ensured. It is called in the mode `remediate`
//! only, and in any other the shield would refuse its calls.

use crate::gather::{describe, status};
use sealwatch_policy::facts::Reading;
use sealwatch_policy::guards::trail::{Effect, Ensure, Named};
use sealwatch_policy::key_policy::trail_statements;
use sealwatch_policy::names::{KeyRef, TrailArn};
use sealwatch_policy::plan::{Outcome, Remedy};
use sealwatch_runtime::boot::Boot;
use sealwatch_runtime::deadline::{Deadline, Step};
use sealwatch_runtime::read_back::{PAUSE, Seen, after_trouble, read_back};
use sealwatch_runtime::trouble::{Kind, Trouble, call};
use serde_json::json;

/// Ensures one effect; `None` if the trail is gone.
pub async fn ensure(boot: &Boot, effect: &Effect, deadline: &Deadline) -> Option<Outcome> {
    if let Ensure::Key(KeyRef::Alias { .. }) = effect.ensure {
        let why = "the key is known by an alias only, which nobody has looked up".to_owned();
        return Some(Outcome::Refused { why, remedies: Vec::new() });
    }
    loop {
        let Err(trouble) = write(boot, effect, deadline).await else {
            let look = || seen(boot, effect, deadline);
            return read_back(deadline, "CloudTrail accepted the change", || unseeable(effect), look).await;
        };
        // Another change of the same trail was under way.
        if trouble.is("ConflictException") && deadline.has(Step::Write, PAUSE * 2) {
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        // Somebody may still be changing the trail, or have deleted it.
        let told_by_trail =
            ["TrailNotFoundException", "ConflictException"].iter().any(|code| trouble.is(code));
        if trouble.kind == Kind::Passing || told_by_trail {
            return after_trouble(trouble, seen(boot, effect, deadline).await);
        }
        let remedies = remedies(effect, &trouble);
        return Some(Outcome::Refused { why: trouble.why, remedies });
    }
}

async fn write(boot: &Boot, Effect { trail, ensure }: &Effect, deadline: &Deadline) -> Result<(), Trouble> {
    let client = boot.clients.cloudtrail();
    let update = client.update_trail().name(trail.to_string());
    match ensure {
        Ensure::Logging => {
            let asked = client.start_logging().name(trail.to_string());
            call(deadline, Step::Write, "cloudtrail:StartLogging", asked.send()).await.map(|_| ())
        }
        Ensure::Key(key) => {
            let asked = update.kms_key_id(key.to_string());
            call(deadline, Step::Write, "cloudtrail:UpdateTrail", asked.send()).await.map(|_| ())
        }
        Ensure::Validation => {
            let asked = update.enable_log_file_validation(true);
            call(deadline, Step::Write, "cloudtrail:UpdateTrail", asked.send()).await.map(|_| ())
        }
    }
}

fn unseeable(Effect { trail, .. }: &Effect) -> Vec<Remedy> {
    let step = "let this function's role read the trail, and look how it is set up:";
    vec![Remedy::Step(step.to_owned()), get_trail(trail)]
}

fn get_trail(trail: &TrailArn) -> Remedy {
    Remedy::Command(format!("aws cloudtrail get-trail --region {} --name {trail}", trail.place().region))
}

async fn seen(boot: &Boot, Effect { trail, ensure }: &Effect, deadline: &Deadline) -> Seen {
    match ensure {
        Ensure::Logging => read(status(boot, trail, Step::Apply, deadline).await, |status| {
            done_if(status.logging == Some(true), || "that it isn't logging".to_owned())
        }),
        Ensure::Key(key) => read(describe(boot, trail, Step::Apply, deadline).await, |state| {
            let shown = state.settings.key;
            done_if(shown == Named::Is(key.to_string()), || match shown.name() {
                Some(other) => format!("the key {other}"),
                None => "no key".to_owned(),
            })
        }),
        Ensure::Validation => read(describe(boot, trail, Step::Apply, deadline).await, |state| {
            let validated = state.settings.validation == Some(true);
            done_if(validated, || "that its log files aren't validated".to_owned())
        }),
    }
}

fn done_if(done: bool, otherwise: impl FnOnce() -> String) -> Seen {
    if done { Seen::Done } else { Seen::Otherwise(otherwise()) }
}

fn read<T>(reading: Reading<T>, known: impl FnOnce(T) -> Seen) -> Seen {
    match reading {
        Reading::Known(value) => known(value),
        Reading::Absent => Seen::Gone,
        Reading::Unreadable(unreadable) => Seen::Unread(unreadable),
        Reading::Assumed(_) | Reading::NotAsked => Seen::Otherwise("nothing".to_owned()),
    }
}

/// What a person does about a refusal.
fn remedies(Effect { trail, ensure }: &Effect, trouble: &Trouble) -> Vec<Remedy> {
    let step = |text: &str| Remedy::Step(text.to_owned());
    if trouble.is("InsufficientEncryptionPolicyException") {
        let mut remedies = vec![step(
            "CloudTrail may not use the key or the bucket for this trail. Look whether the bucket's policy lets CloudTrail write for it, and whether the key's policy holds these statements (the last where the bucket has an S3 Bucket Key):",
        )];
        remedies.extend(trail_statements(trail).into_iter().map(Remedy::Statement));
        return remedies;
    }
    if trouble.kind == Kind::Denied {
        return vec![
            step("this function's role may not change the trail; add this statement to it:"),
            Remedy::Statement(own_statement(trail, ensure)),
        ];
    }
    vec![
        step("mend what CloudTrail names as its reason, then set it by hand; how the trail is set up:"),
        get_trail(trail),
    ]
}

fn own_statement(trail: &TrailArn, ensure: &Ensure) -> serde_json::Value {
    let action = match ensure {
        Ensure::Logging => "cloudtrail:StartLogging",
        Ensure::Key(_) | Ensure::Validation => "cloudtrail:UpdateTrail",
    };
    json!({ "Effect": "Allow", "Action": action, "Resource": trail.to_string() })
}
