//! Locks on what an instance remembers.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A panic elsewhere can't leave the memory half-written: each use is one call.
pub fn lock<T>(memory: &Mutex<T>) -> MutexGuard<'_, T> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}
