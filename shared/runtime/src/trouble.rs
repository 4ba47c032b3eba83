//! Trouble: what went wrong with an AWS call, in words and in kind.
//!
//! Keeps apart what a retry may mend, what nobody may do and what can't be; keeps the service's own
//! code and text, cleaned.

use crate::deadline::Deadline;
use crate::deadline::Step;
use crate::shield::Refused;
use crate::tries::Tries;
use aws_smithy_async::future::pagination_stream::PaginationStream;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use sealwatch_policy::facts::Unreadable;
use sealwatch_policy::untrusted::clean;
use std::error::Error;
use std::sync::Arc;

/// An AWS call that didn't work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The call and its error, cleaned.
    pub why: String,
    /// The service's error code, if it answered.
    pub code: Option<String>,
    /// What sort of trouble it is.
    pub kind: Kind,
}

/// Sorts of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Not allowed: by IAM, by a key policy or by the shield.
    Denied,
    /// Too fast, too slow, or broken on the way: it may work later.
    Passing,
    /// The service understood the call and won't do it.
    Refused,
}

/// Codes of a 4xx answer that pass, beside those that name a throttle.
const PASSING: [&str; 5] = [
    "OperationAbortedException",
    "ServiceUnavailableException",
    "DependencyTimeoutException",
    "RequestTimeout",
    "RequestTimeoutException",
];

impl Trouble {
    /// Reads the error of `operation`, such as `logs:DescribeLogGroups`.
    pub fn of<E>(operation: &str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let Some(service) = error.as_service_error() else {
            let why = format!("{operation}: {}", DisplayErrorContext(error));
            let kind = if is_refusal(error) { Kind::Denied } else { Kind::Passing };
            return Self { why: clean(&why, 500), code: None, kind };
        };
        let status = error.raw_response().map_or(0, |response| response.status().as_u16());
        let code = service.code().unwrap_or("an unnamed error");
        let message = service.message().unwrap_or("no message");
        let kind = match code {
            code if code.contains("AccessDenied")
                || code.contains("NotAuthorized")
                || code == "AuthorizationError" =>
            {
                Kind::Denied
            }
            code if code.contains("Throttl")
                || code.contains("TooManyRequests")
                || code == "LimitExceededException" =>
            {
                Kind::Passing
            }
            code if PASSING.contains(&code) || status >= 500 => Kind::Passing,
            _ => Kind::Refused,
        };
        let why = clean(&format!("{operation}: {code}: {message}"), 500);
        Self { why, code: Some(clean(code, 80)), kind }
    }

    /// The call wasn't done when its step had to be over.
    fn late(operation: &str, told: Option<String>) -> Self {
        let why = match told {
            Some(told) => format!("{operation}: {told}, and no time left for another"),
            None => {
                format!("{operation}: no answer within the time that the invocation has left for it")
            }
        };
        Self { why: clean(&why, 500), code: None, kind: Kind::Passing }
    }

    /// The service answered, and the answer makes no sense or doesn't suffice.
    #[must_use]
    pub fn unclear(operation: &str, why: &str) -> Self {
        Self { why: clean(&format!("{operation}: {why}"), 500), code: None, kind: Kind::Refused }
    }

    /// Whether the service answered with this code.
    #[must_use]
    pub fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }
}

impl From<Trouble> for Unreadable {
    fn from(trouble: Trouble) -> Self {
        Self { retryable: trouble.kind == Kind::Passing, why: trouble.why }
    }
}

/// Runs a call of `operation` within a step's time and reads its error.
///
/// # Errors
/// If the call fails or isn't done in time.
pub async fn call<T, E>(
    deadline: &Deadline,
    step: Step,
    operation: &str,
    future: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
) -> Result<T, Trouble>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    // An SDK future is some kilobytes of nested state machines; on the heap it stays out of every caller's.
    let tries = Arc::default();
    match deadline.bound(step, Tries::noted(&tries, Box::pin(future))).await {
        Some(done) => done.map_err(|error| Trouble::of(operation, &error)),
        None => Err(Trouble::late(operation, Tries::told(&tries))),
    }
}

/// All pages of a list, one after the other, within a step's time; never the first of them for the whole.
///
/// `pages` must not stop at a token that comes twice: it would end the list there in silence.
///
/// # Errors
/// If a page fails, has no list, or isn't answered in time.
pub async fn all<T, O, E>(
    deadline: &Deadline,
    step: Step,
    operation: &str,
    mut pages: PaginationStream<Result<O, SdkError<E, HttpResponse>>>,
    list: impl Fn(O) -> Option<Vec<T>>,
) -> Result<Vec<T>, Trouble>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let mut whole = Vec::new();
    while let Some(page) = call(deadline, step, operation, pages.try_next()).await? {
        whole.extend(list(page).ok_or_else(|| Trouble::unclear(operation, "the answer has no list"))?);
    }
    Ok(whole)
}

/// An error with all its causes, each behind a colon.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut told = error.to_string();
    for cause in causes(error).skip(1) {
        told.push_str(": ");
        told.push_str(&cause.to_string());
    }
    told
}

/// An error, then what caused it, and so on.
pub fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

fn is_refusal(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|error| error.is::<Refused>())
}
