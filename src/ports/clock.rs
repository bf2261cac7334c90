//! The clock: the only place where the time comes from.
//!
//! `service` takes a [`Clock`]; adapters of other ports take a function, such as [`system_time`], because no port may
//! import another.

use jiff::Timestamp;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now, UTC.
    fn now(&self) -> Timestamp;
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        system_time()
    }
}

/// Now by the system's clock, UTC.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place where the time comes from")]
pub fn system_time() -> Timestamp {
    Timestamp::now()
}
