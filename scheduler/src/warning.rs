use std::fmt;

use crate::cpu_list::CpuList;

/// Something that will work, but not as asked or not as well as it could.
///
/// The text names the cores and says what to change.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// Several workers sit on one core and take turns.
    CoresShared {
        /// How many workers there are.
        workers: usize,
        /// The cores with more than one worker.
        shared: Vec<SharedCore>,
        /// Every core that the process may use.
        allowed: Vec<usize>,
    },
    /// There are more workers than cores to run them on, and not all are pinned.
    TooFewCores {
        /// How many workers there are.
        workers: usize,
        /// Every core that the process may use.
        allowed: Vec<usize>,
    },
    /// A quota lets fewer workers run at a time than there are.
    Quota {
        /// How many workers there are.
        workers: usize,
        /// How many may run at a time.
        parallelism: usize,
        /// Every core that the process may use.
        allowed: Vec<usize>,
    },
    /// The placement names cores that the process may not use; their workers
    /// run unpinned.
    CoresNotAllowed {
        /// The cores that were asked for, ascending.
        cores: Vec<usize>,
        /// The workers that run unpinned.
        workers: Vec<usize>,
        /// Every core that the process may use.
        allowed: Vec<usize>,
    },
    /// The placement asks for cores but lists none.
    NoCores {
        /// Every core that the process may use.
        allowed: Vec<usize>,
    },
    /// Workers that were asked to spin yield instead.
    SpinDowngraded {
        /// These workers.
        workers: Vec<usize>,
        /// Every core that the process may use.
        allowed: Vec<usize>,
    },
    /// Pins did not hold; their workers run wherever the system puts them.
    PinsRefused {
        /// Which, and why.
        refused: Vec<RefusedPin>,
    },
}

/// A core and the workers that take turns on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedCore {
    /// The core.
    pub core: usize,
    /// Its workers, ascending.
    pub workers: Vec<usize>,
}

/// A pin that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedPin {
    /// The worker that was to be pinned.
    pub worker: usize,
    /// The core it was to sit on.
    pub core: usize,
    /// Why it does not.
    pub failure: PinFailure,
}

/// Why a pin did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PinFailure {
    /// No core has such a number.
    NoSuchCore,
    /// The operating system said no.
    Refused,
    /// The system said yes, but the thread may now run on these cores.
    OtherMask(Vec<usize>),
    /// The mask is right, but the thread was seen running on this core.
    SeenOn(usize),
    /// The system said yes, and there is no way to check.
    Unverified,
}

impl fmt::Display for PinFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PinFailure::NoSuchCore => write!(f, "there is no such core"),
            PinFailure::Refused => write!(f, "the operating system refused"),
            PinFailure::OtherMask(cores) => {
                write!(f, "the thread may still run on {}", CpuList(cores))
            }
            PinFailure::SeenOn(core) => write!(f, "the thread was seen on core {core}"),
            PinFailure::Unverified => write!(f, "the pin could not be read back"),
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::CoresShared {
                workers,
                shared,
                allowed,
            } => {
                write!(f, "{} share a core: ", Workers(*workers))?;
                for (index, seat) in shared.iter().enumerate() {
                    let comma = if index == 0 { "" } else { "; " };
                    write!(
                        f,
                        "{comma}core {} carries workers {}",
                        seat.core,
                        CpuList(&seat.workers)
                    )?;
                }
                write!(
                    f,
                    "; they take turns and do not spin; use at most one worker a core \
                     (cores allowed: {})",
                    CpuList(allowed)
                )
            }
            Warning::TooFewCores { workers, allowed } => write!(
                f,
                "{} for {} (allowed: {}): they take turns and do not spin; \
                 use at most {} or allow more cores",
                Workers(*workers),
                Cores(allowed.len()),
                CpuList(allowed),
                Workers(allowed.len()),
            ),
            Warning::Quota {
                workers,
                parallelism,
                allowed,
            } => write!(
                f,
                "the quota of this process lets {parallelism} of {} run at a time on cores {}: \
                 they take turns and do not spin; use at most {} or raise the quota",
                Workers(*workers),
                CpuList(allowed),
                Workers(*parallelism),
            ),
            Warning::CoresNotAllowed {
                cores,
                workers,
                allowed,
            } => write!(
                f,
                "cores this process may not use: {}; workers that run unpinned instead: {}; \
                 choose from cores {} or widen the process's cpu set",
                CpuList(cores),
                CpuList(workers),
                CpuList(allowed),
            ),
            Warning::NoCores { allowed } => write!(
                f,
                "the list of cores is empty, so the workers run unpinned; \
                 choose from cores {} or leave the placement to `auto`",
                CpuList(allowed),
            ),
            Warning::SpinDowngraded { workers, allowed } => write!(
                f,
                "no busy spin without a core of one's own: these workers yield instead: {}; \
                 pin each to one of cores {} or choose the adaptive idle strategy",
                CpuList(workers),
                CpuList(allowed),
            ),
            Warning::PinsRefused { refused } => {
                write!(f, "pinning failed: ")?;
                for (index, pin) in refused.iter().enumerate() {
                    let comma = if index == 0 { "" } else { "; " };
                    write!(
                        f,
                        "{comma}worker {} runs without a verified pin to core {} ({})",
                        pin.worker, pin.core, pin.failure
                    )?;
                }
                write!(
                    f,
                    "; choose cores that the process may use, or run unpinned"
                )
            }
        }
    }
}

/// A count of workers, with its noun.
struct Workers(usize);

impl fmt::Display for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.0 == 1 { "worker" } else { "workers" };
        write!(f, "{} {noun}", self.0)
    }
}

/// A count of cores, with its noun.
struct Cores(usize);

impl fmt::Display for Cores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.0 == 1 { "core" } else { "cores" };
        write!(f, "{} {noun}", self.0)
    }
}
