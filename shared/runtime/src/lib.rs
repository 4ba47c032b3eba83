//! The I/O that every Sealwatch function uses: boot, clients, shield, pager, metrics.
//!
//! Knows AWS and the clock, and nothing of what is right or wrong: that is `sealwatch-policy`.

pub mod boot;
pub mod clients;
pub mod connection;
pub mod deadline;
pub mod desk;
pub mod function;
pub mod keys;
pub mod lock;
mod log;
pub mod looks;
pub mod lookup;
pub mod metrics;
mod pager;
pub mod read_back;
mod seen;
mod shield;
mod tries;
pub mod trouble;
mod unfinished;
mod unsent;

pub use shield::Refused;
