//! The log-group facts as receipts show them: every answer, also "not asked" and "unreadable".

use super::Facts;
use crate::facts::shown::{keys, reading, tags};
use crate::untrusted::{SHOWN, clean};
use serde_json::{Value, json};

impl Facts {
    /// The facts as JSON.
    #[must_use]
    pub fn shown(&self) -> Value {
        let group = reading(
            &self.group,
            |state| json!({ "kms_key": shown(&state.key), "class": shown(&state.class) }),
        );
        json!({ "log_group": group, "tags": reading(&self.tags, tags), "keys": keys(&self.keys) })
    }
}

fn shown(text: &Option<String>) -> Option<String> {
    text.as_ref().map(|text| clean(text, SHOWN))
}
