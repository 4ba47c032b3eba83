//! What the tries of one call have been answered so far.
//!
//! The SDK tries again until the step's time is over, and is then dropped with all that it knows. An
//! interceptor notes each answer where the caller still finds it: without it a throttle would read like a
//! silence. It changes no call.

use crate::lock::lock;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::FinalizerInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use sealwatch_policy::untrusted::clean;
use serde_json::Value;
use std::sync::{Arc, Mutex};

tokio::task_local! {
    static NOTES: Arc<Mutex<Tries>>;
}

/// The tries of one call.
#[derive(Debug, Default)]
pub(crate) struct Tries {
    count: usize,
    /// The last error of the service: its code and message, cleaned.
    last: Option<String>,
}

impl Tries {
    /// Runs a call; what its tries are answered is found in `notes` also if it is dropped.
    pub(crate) async fn noted<F: Future>(notes: &Arc<Mutex<Self>>, call: F) -> F::Output {
        NOTES.scope(Arc::clone(notes), call).await
    }

    /// What the service said last, and after how many tries; `None` if it said nothing.
    pub(crate) fn told(notes: &Mutex<Self>) -> Option<String> {
        let notes = lock(notes);
        let tries = if notes.count == 1 { "try" } else { "tries" };
        notes.last.as_ref().map(|last| format!("{last} ({} {tries})", notes.count))
    }
}

/// Notes the answers of every attempt.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Notes;

impl Intercept for Notes {
    fn name(&self) -> &'static str {
        "Notes"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let answer = context.response().filter(|response| !response.status().is_success());
        let error = answer.map(|response| {
            let code = response.headers().get("x-amzn-errortype");
            error_of(response.status().as_u16(), code, response.body().bytes().unwrap_or_default())
        });
        // Outside a noted call there is nobody to tell.
        let _ = NOTES.try_with(|notes| {
            let mut notes = lock(notes);
            notes.count += 1;
            notes.last = error.or(notes.last.take());
        });
        Ok(())
    }
}

/// Code and message of an error in JSON (Logs, KMS, CloudTrail) or XML (SNS).
fn error_of(status: u16, header: Option<&str>, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let of_json =
        |names: [&str; 2]| names.iter().find_map(|name| json.get(name)?.as_str().map(str::to_owned));
    let of_xml = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        rest.split_once(&format!("</{name}>")).map(|(value, _)| value.to_owned())
    };
    let code = header.map(str::to_owned).or_else(|| of_json(["__type", "code"])).or_else(|| of_xml("Code"));
    // AWS writes `namespace#Code` in some services and `Code:address` in others.
    let code = code.as_deref().and_then(|code| code.rsplit('#').next()?.split(':').next());
    let code = code.map_or_else(|| format!("HTTP status {status}"), |code| clean(code, 80));
    match of_json(["message", "Message"]).or_else(|| of_xml("Message")) {
        Some(message) => format!("{code}: {}", clean(&message, 200)),
        None => code,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_and_message_are_read_from_json_and_xml() {
        let json = br#"{"__type":"com.amazonaws.logs#ThrottlingException","message":"Rate exceeded"}"#;
        assert_eq!(error_of(400, None, json), "ThrottlingException: Rate exceeded");
        let xml = b"<ErrorResponse><Error><Code>Throttling</Code><Message>Rate\nexceeded</Message></Error></ErrorResponse>";
        assert_eq!(error_of(400, None, xml), r"Throttling: Rate\u{a}exceeded");
        assert_eq!(error_of(503, None, b"<html>"), "HTTP status 503");
        assert_eq!(error_of(400, Some("ServiceFailure:http://a"), b"{}"), "ServiceFailure");
    }
}
