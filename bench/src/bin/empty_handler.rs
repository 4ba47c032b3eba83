//! The floor under a guard's cold start: the same runtime and build, and a handler that does nothing.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::value::RawValue;
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(|_: LambdaEvent<Box<RawValue>>| async {
        Ok::<Value, Error>(json!({ "verdict": "ignored" }))
    }))
    .await
}
