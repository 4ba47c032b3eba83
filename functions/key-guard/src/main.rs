//! The Lambda of the key guard: boots once, then handles one event after the other.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use sealwatch_runtime::boot;
use serde_json::value::RawValue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    boot::log();
    let function = &boot::start(key_guard::boot())?;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Box<RawValue>>| function.handle(event))).await
}
