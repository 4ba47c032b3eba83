//! Applies the effects: each is one call on exactly the key of the plan, and is read back.
//!
//! Makes no choices. A deletion that is cancelled leaves the key disabled, so enabling it is an effect of its own,
//! ensured after that one. It is called in the mode `remediate` only, and in any other the shield would refuse its
//! calls.

use crate::describe::describe;
use sealwatch_policy::facts::{KeyState, Reading};
use sealwatch_policy::guards::key::{Effect, Ensure, import_again};
use sealwatch_policy::names::{KeyArn, KeyRef};
use sealwatch_policy::plan::{Outcome, Remedy};
use sealwatch_policy::preflight::get_policy;
use sealwatch_runtime::boot::Boot;
use sealwatch_runtime::deadline::{Deadline, Step};
use sealwatch_runtime::read_back::{PAUSE, Seen, after_trouble, read_back};
use sealwatch_runtime::trouble::{Kind, Trouble, call};
use serde_json::json;

/// Ensures one effect; `None` if the key is gone.
pub async fn ensure(boot: &Boot, effect: &Effect, deadline: &Deadline) -> Option<Outcome> {
    loop {
        let Err(trouble) = write(boot, effect, deadline).await else {
            let accepted = format!("{} was accepted", action(effect));
            let look = || seen(boot, effect, deadline);
            return read_back(deadline, &accepted, || unseeable(effect), look).await;
        };
        let stands_in_the_way = trouble.is("KMSInvalidStateException");
        if trouble.kind != Kind::Passing && !stands_in_the_way && !trouble.is("NotFoundException") {
            let remedies = remedies(effect, &trouble);
            return Some(Outcome::Refused { why: trouble.why, remedies });
        }
        // Who else acts on the key may have done the same: the key tells.
        let shown = seen(boot, effect, deadline).await;
        // KMS is eventually consistent: right after a deletion is cancelled it may still see it.
        let passes = stands_in_the_way && matches!(shown, Seen::Otherwise(_));
        if !passes || !deadline.has(Step::Write, PAUSE * 2) {
            return after_trouble(trouble, shown);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn write(boot: &Boot, Effect { key, ensure }: &Effect, deadline: &Deadline) -> Result<(), Trouble> {
    let kms = boot.clients.kms();
    match ensure {
        Ensure::NotPendingDeletion => {
            let asked = kms.cancel_key_deletion().key_id(key.to_string());
            call(deadline, Step::Write, "kms:CancelKeyDeletion", asked.send()).await.map(|_| ())
        }
        Ensure::Enabled => {
            let asked = kms.enable_key().key_id(key.to_string());
            call(deadline, Step::Write, "kms:EnableKey", asked.send()).await.map(|_| ())
        }
    }
}

fn unseeable(effect: &Effect) -> Vec<Remedy> {
    let step = "let this function's role call kms:DescribeKey, and look at the key's state:";
    vec![Remedy::Step(step.to_owned()), kms("describe-key", &effect.key)]
}

async fn seen(boot: &Boot, Effect { key, ensure }: &Effect, deadline: &Deadline) -> Seen {
    let state = match describe(boot, &KeyRef::Key(key.clone()), Step::Apply, deadline).await {
        Reading::Known(found) if found.arn == *key => found.state,
        Reading::Known(found) => return Seen::Otherwise(format!("another key, {}", found.arn)),
        Reading::Absent => return Seen::Gone,
        Reading::Unreadable(unreadable) => return Seen::Unread(unreadable),
        Reading::Assumed(_) | Reading::NotAsked => return Seen::Otherwise("nothing".to_owned()),
    };
    let otherwise = Seen::Otherwise(format!("that its state is {}", state.as_str()));
    match (ensure, state) {
        (_, KeyState::PendingDeletion { .. } | KeyState::PendingReplicaDeletion) => otherwise,
        (Ensure::NotPendingDeletion, _) | (Ensure::Enabled, KeyState::Enabled) => Seen::Done,
        (Ensure::Enabled, KeyState::PendingImport) => Seen::Never(without_material(key)),
        (Ensure::Enabled, KeyState::Other(state)) if state == "Unavailable" => Seen::Never(disconnected(key)),
        (Ensure::Enabled, KeyState::Disabled | KeyState::Other(_)) => otherwise,
    }
}

/// Source: KMS Developer Guide, "Key states of KMS keys": EnableKey fails in PendingImport.
fn without_material(key: &KeyArn) -> Outcome {
    Outcome::Refused {
        why: "the key has no material, and can't be enabled before it is imported again".to_owned(),
        remedies: import_again(key),
    }
}

/// Source: KMS Developer Guide, "Key states of KMS keys": EnableKey succeeds in Unavailable, and the state stays what
/// it is until the key store is connected.
fn disconnected(key: &KeyArn) -> Outcome {
    let region = &key.place().region;
    let connect = format!(
        "aws kms connect-custom-key-store --region {region} --custom-key-store-id CUSTOM_KEY_STORE_ID"
    );
    Outcome::Refused {
        why: "the key's custom key store is disconnected: it will be enabled once that is connected"
            .to_owned(),
        remedies: vec![
            Remedy::Step("look which custom key store the key lives in, and connect it:".to_owned()),
            kms("describe-key", key),
            Remedy::Command(connect),
        ],
    }
}

/// What a person does about a refusal.
fn remedies(effect: &Effect, trouble: &Trouble) -> Vec<Remedy> {
    let step = |text: &str| Remedy::Step(text.to_owned());
    let key = &effect.key;
    if trouble.kind == Kind::Denied {
        let own = json!({ "Effect": "Allow", "Action": action(effect), "Resource": key.to_string() });
        return vec![
            step("either this function's role may not do it; add this statement to it:"),
            Remedy::Statement(own),
            step(
                "or the key's own policy doesn't let its account's IAM policies count: look whether it allows arn:…:iam::ACCOUNT:root or this function's role, and denies neither",
            ),
            get_policy(key),
            step("then do it by hand:"),
            kms(verb(effect), key),
        ];
    }
    vec![
        step("mend what KMS names as its reason, then do it by hand; how the key is:"),
        kms("describe-key", key),
        kms(verb(effect), key),
    ]
}

/// The permission that an effect needs.
fn action(effect: &Effect) -> &'static str {
    match effect.ensure {
        Ensure::NotPendingDeletion => "kms:CancelKeyDeletion",
        Ensure::Enabled => "kms:EnableKey",
    }
}

fn verb(effect: &Effect) -> &'static str {
    match effect.ensure {
        Ensure::NotPendingDeletion => "cancel-key-deletion",
        Ensure::Enabled => "enable-key",
    }
}

fn kms(verb: &str, key: &KeyArn) -> Remedy {
    Remedy::Command(format!("aws kms {verb} --region {} --key-id {key}", key.place().region))
}
