//! Readers for JSON that others wrote: for what records look like nearly always, and for all else. The first gives what the second
//! gives, or nothing, to which `sealwatch-policy` holds it. And what takes the comments out of a policy file.
//!
//! A package of its own, so that it can be compiled for speed: all of it runs in each cold start and on each record of an
//! archive. It judges nothing.

pub mod comments;
pub mod json;
pub mod record;
