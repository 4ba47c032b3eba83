//! The Lambda of the trail guard: boots once, then handles one event after the other.

use sealwatch_lambda::Error;
use sealwatch_runtime::boot;

fn main() -> Result<(), Error> {
    sealwatch_lambda::run(&|| {
        boot::log();
        Ok(Box::new(boot::start(trail_guard::boot())?))
    })
}
