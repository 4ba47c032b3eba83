//! The pure core of Sealwatch: what happened, what policy says, what follows.
//!
//! Everything here is synchronous, total and deterministic. It reads no clock, no environment and no
//! network, and knows no AWS SDK: an event or a file comes in as text, a verdict goes out as data.

pub mod change;
pub mod facts;
mod guard;
pub mod guards;
pub mod key_policy;
pub mod names;
pub mod page;
pub mod plan;
pub mod policy;
pub mod preflight;
pub mod receipt;
pub mod report;
pub mod untrusted;
pub mod wildcard;
