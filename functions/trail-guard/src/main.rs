//! The Lambda of the trail guard: boots once, then handles one event after the other.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use std::pin::Pin;
use trail_guard::TrailGuard;

/// The handler's type ends here, or the compiler would follow it through every layer of the runtime.
type Handled<'a> = Pin<Box<dyn Future<Output = Result<Value, Error>> + Send + 'a>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    sealwatch_runtime::boot::log();
    let guard = match TrailGuard::boot() {
        Ok(guard) => guard,
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the function can't start");
            return Err(error.into());
        }
    };
    let guard = &guard;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| {
        let handled: Handled<'_> = Box::pin(async move {
            guard.handle(&event.payload, event.context.deadline).await.map_err(Error::from)
        });
        handled
    }))
    .await
}
