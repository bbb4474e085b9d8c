//! What this machine lets the process have: cores and memory.

use std::thread;

/// The cores that this process may run on.
///
/// Read it before anything is pinned: a pinned thread sees its own core only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cores(Vec<usize>);

impl Cores {
    /// Reads them; none where the platform does not tell.
    pub fn read() -> Self {
        let cores = core_affinity::get_core_ids().unwrap_or_default();
        Self(cores.into_iter().map(|core| core.id).collect())
    }

    /// The first `workers` of them.
    pub fn first(&self, workers: usize) -> Vec<usize> {
        self.0.iter().copied().take(workers).collect()
    }

    /// Those of `wanted` that are not among them.
    pub fn refused(&self, wanted: &[usize]) -> Vec<usize> {
        wanted
            .iter()
            .copied()
            .filter(|core| !self.0.contains(core))
            .collect()
    }

    /// All of them, in order.
    pub fn as_slice(&self) -> &[usize] {
        &self.0
    }
}

/// Does `work` on a thread of its own, pinned to `core` if there is one.
///
/// A thread of its own, since a pin cannot be taken off again: pinning the main
/// thread would hand its one core down to every thread started after.
/// A pin that is refused leaves the thread free; [`Cores::refused`] tells before.
pub(crate) fn on_core<R: Send>(core: Option<usize>, work: impl FnOnce() -> R + Send) -> R {
    let pinned_work = || {
        pin_this_thread(core);
        work()
    };
    thread::scope(|scope| match scope.spawn(pinned_work).join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

/// Pins the calling thread to `core`, if there is one and it may be had.
pub(crate) fn pin_this_thread(core: Option<usize>) {
    let allowed = core_affinity::get_core_ids().unwrap_or_default();
    if let Some(id) = allowed.into_iter().find(|id| Some(id.id) == core) {
        core_affinity::set_for_current(id);
    }
}

/// Memory that can still be had without swapping, in bytes; `None` where the
/// platform does not tell.
pub fn memory_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes.saturating_mul(1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_core_that_is_not_there_is_refused_and_harms_nothing() {
        let cores = Cores::read();
        assert!(cores.refused(&cores.first(1)).is_empty());
        assert_eq!(cores.refused(&[usize::MAX]), [usize::MAX]);
        assert_eq!(on_core(Some(usize::MAX), || 7), 7);
    }

    #[test]
    fn a_pin_stays_with_its_thread() {
        let before = Cores::read();
        let seen = on_core(before.first(1).first().copied(), Cores::read);
        assert_eq!(seen.as_slice(), before.first(1));
        assert_eq!(Cores::read(), before);
    }
}
