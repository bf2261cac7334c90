//! The limits that a child process sets on itself before it reads any input.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, nice, setrlimit};
use rustix::time::{ClockId, clock_gettime};

/// What one request may take of a child process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Memory that the process may ever hold, MiB: `RLIMIT_DATA`, which Linux counts for the heap and all private
    /// writable mappings. Files that are mapped to be read, such as packs of git, are not counted.
    pub memory_mib: u32,
    /// CPU time of one request, seconds.
    pub cpu_seconds: u32,
}

/// Limits the memory of this process, forbids it to dump core, and lets other processes go first.
///
/// # Errors
/// - the system refuses a limit; a lower one that it has already is kept
pub fn confine(limits: Limits) -> io::Result<()> {
    lower(Resource::Data, u64::from(limits.memory_mib) << 20)?;
    lower(Resource::Core, 0)?;
    // OK because politeness is no safeguard: where it is refused, the limits hold all the same.
    let _ = nice(5);
    Ok(())
}

/// Gives this process so much CPU time from now on, rounded up to whole seconds of its total; then the system ends it
/// with `SIGXCPU`.
///
/// # Errors
/// - the system refuses the limit
pub fn allow_cpu(seconds: u32) -> io::Result<()> {
    let used = clock_gettime(ClockId::ProcessCPUTime).tv_sec;
    let limit = u64::try_from(used).unwrap_or(0) + 1 + u64::from(seconds);
    let Rlimit { maximum, .. } = getrlimit(Resource::Cpu);
    let current = maximum.map_or(limit, |maximum| maximum.min(limit));
    Ok(setrlimit(Resource::Cpu, Rlimit { current: Some(current), maximum })?)
}

fn lower(resource: Resource, limit: u64) -> io::Result<()> {
    let limit = getrlimit(resource).maximum.map_or(limit, |maximum| maximum.min(limit));
    Ok(setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) })?)
}
