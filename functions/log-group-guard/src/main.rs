//! The Lambda of the log-group guard: boots once, then handles one event after the other.

use sealwatch_lambda::Error;
use sealwatch_runtime::boot;

fn main() -> Result<(), Error> {
    sealwatch_lambda::run(&|| {
        boot::log();
        Ok(Box::new(boot::start(log_group_guard::boot())?))
    })
}
