//! The Lambda of the log-group guard: boots once, then handles one event after the other.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use log_group_guard::LogGroupGuard;
use serde_json::value::RawValue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    sealwatch_runtime::boot::log();
    let guard = match LogGroupGuard::boot() {
        Ok(guard) => guard,
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the function can't start");
            return Err(error.into());
        }
    };
    let guard = &guard;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Box<RawValue>>| async move {
        guard.handle(&event.payload, &event.context).await.map_err(Error::from)
    }))
    .await
}
