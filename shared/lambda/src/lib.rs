//! The loop in which a function takes events from Lambda and gives its answers.
//!
//! A package of its own, so that it can be compiled for speed: unlike the rest of a function, nearly all of it runs in each cold
//! start. It knows no event and no guard.

pub use lambda_runtime::Error;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::value::RawValue;
use std::pin::Pin;

/// An answer in the making.
pub type Answering<'a> = Pin<Box<dyn Future<Output = Result<Box<RawValue>, Diagnostic>> + Send + 'a>>;

/// What makes of each event an answer.
pub trait Handler: Sync {
    /// Handles one event, as the text that Lambda hands over.
    fn answer(&self, event: LambdaEvent<Box<RawValue>>) -> Answering<'_>;
}

/// Starts what handles events, and hands it one after the other for as long as Lambda lets the process live.
///
/// # Errors
/// If it can't start, or Lambda's runtime API can't be reached.
#[tokio::main(flavor = "current_thread")]
pub async fn run(start: &dyn Fn() -> Result<Box<dyn Handler>, Error>) -> Result<(), Error> {
    let handler = &*start()?;
    lambda_runtime::run(service_fn(|event| handler.answer(event))).await
}
