use std::collections::BTreeMap;
use std::fmt;

use crate::{IdleStrategy, Placement, SharedCore, Topology, Warning};

/// The most workers a job may have: far more than any machine has cores, and
/// few enough that a slip in a configuration does not exhaust its memory.
pub const MAX_WORKERS: usize = 1024;

/// Who sits where: one seat a worker, and what to know about them.
///
/// A pure function of what was asked for and what the machine has; nothing is
/// pinned until [`launch`](crate::launch).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seating {
    /// The seat of each worker, by its number.
    pub seats: Vec<Seat>,
    /// What is not as asked for, or not as good as it could be.
    pub warnings: Vec<Warning>,
}

/// Where one worker sits and how it waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seat {
    /// The core to pin it to, if any.
    pub core: Option<usize>,
    /// Whether another worker may want the same core.
    pub shared: bool,
    /// How it waits when there is nothing to do.
    pub idle: IdleStrategy,
}

impl Seating {
    /// Seats this many workers, [`MAX_WORKERS`] at most.
    ///
    /// A core that the process may not use, fewer cores than workers, or two
    /// workers on one core are warnings, never errors. No worker keeps
    /// [`IdleStrategy::BusySpin`] unless it has a core to itself.
    ///
    /// ```
    /// use fluxus_runtime::{IdleStrategy, Placement, Seating, Topology};
    ///
    /// let topology = Topology::read();
    /// let seating = Seating::arrange(&Placement::Auto, 1, IdleStrategy::Adaptive, &topology);
    /// assert_eq!(seating.seats.len(), 1);
    /// assert!(seating.warnings.is_empty());
    /// ```
    pub fn arrange(
        placement: &Placement,
        workers: usize,
        strategy: IdleStrategy,
        topology: &Topology,
    ) -> Self {
        // Those without a seat are an error when the job is launched.
        let workers = workers.min(MAX_WORKERS);
        let allowed = topology.allowed();
        let mut warnings = Vec::new();
        let cores = match placement {
            Placement::Auto => in_turn(&topology.seating_order(), workers),
            Placement::Cores(cores) if cores.is_empty() => {
                warnings.push(Warning::NoCores {
                    allowed: allowed.clone(),
                });
                vec![None; workers]
            }
            Placement::Cores(cores) => {
                let mut seats = in_turn(cores, workers);
                warnings.extend(unseat_the_forbidden(&mut seats, topology, &allowed));
                seats
            }
            Placement::Unpinned => vec![None; workers],
        };

        let crowded: Vec<SharedCore> = by_core(&cores)
            .into_iter()
            .filter(|seat| seat.workers.len() > 1)
            .collect();
        let scarce = Scarcity::of(workers, topology);
        let mut seats: Vec<Seat> = cores
            .iter()
            .map(|&core| Seat {
                core,
                shared: scarce != Scarcity::None
                    || core.map_or(is_mixed(&cores), |core| {
                        crowded.iter().any(|seat| seat.core == core)
                    }),
                idle: strategy,
            })
            .collect();

        if !crowded.is_empty() {
            warnings.push(Warning::CoresShared {
                workers,
                shared: crowded,
                allowed: allowed.clone(),
            });
        } else if scarce == Scarcity::Cores {
            warnings.push(Warning::TooFewCores {
                workers,
                allowed: allowed.clone(),
            });
        }
        if scarce == Scarcity::Quota {
            warnings.push(Warning::Quota {
                workers,
                parallelism: topology.parallelism(),
                allowed: allowed.clone(),
            });
        }
        warnings.extend(calm_the_spinners(&mut seats, allowed));
        Seating { seats, warnings }
    }
}

/// What there is too little of, for this many workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scarcity {
    None,
    Cores,
    Quota,
}

impl Scarcity {
    fn of(workers: usize, topology: &Topology) -> Self {
        if workers > topology.cpus().len() {
            Scarcity::Cores
        } else if workers > topology.parallelism() {
            Scarcity::Quota
        } else {
            Scarcity::None
        }
    }
}

/// Gives each worker the next core, starting over at the end of the list.
fn in_turn(cores: &[usize], workers: usize) -> Vec<Option<usize>> {
    cores
        .iter()
        .copied()
        .map(Some)
        .cycle()
        .take(workers)
        .collect()
}

/// Takes the seats away that the process may not use.
fn unseat_the_forbidden(
    seats: &mut [Option<usize>],
    topology: &Topology,
    allowed: &[usize],
) -> Option<Warning> {
    let mut cores = Vec::new();
    let mut workers = Vec::new();
    for (worker, seat) in seats.iter_mut().enumerate() {
        if let Some(core) = seat.filter(|&core| !topology.allows(core)) {
            cores.push(core);
            workers.push(worker);
            *seat = None;
        }
    }
    cores.sort_unstable();
    cores.dedup();
    (!cores.is_empty()).then(|| Warning::CoresNotAllowed {
        cores,
        workers,
        allowed: allowed.to_vec(),
    })
}

/// The workers of each core, ascending.
fn by_core(cores: &[Option<usize>]) -> Vec<SharedCore> {
    let mut workers: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (worker, core) in cores.iter().enumerate() {
        if let Some(core) = core {
            workers.entry(*core).or_default().push(worker);
        }
    }
    workers
        .into_iter()
        .map(|(core, workers)| SharedCore { core, workers })
        .collect()
}

/// Whether some are pinned and some are not: an unpinned worker may then land
/// on the core of a pinned one.
fn is_mixed(cores: &[Option<usize>]) -> bool {
    cores.iter().any(Option::is_some) && cores.iter().any(Option::is_none)
}

/// Lets nobody spin for ever who has no core to itself.
fn calm_the_spinners(seats: &mut [Seat], allowed: Vec<usize>) -> Option<Warning> {
    let mut workers = Vec::new();
    for (worker, seat) in seats.iter_mut().enumerate() {
        if seat.idle == IdleStrategy::BusySpin && (seat.shared || seat.core.is_none()) {
            seat.idle = IdleStrategy::Yield;
            workers.push(worker);
        }
    }
    (!workers.is_empty()).then_some(Warning::SpinDowngraded { workers, allowed })
}

impl fmt::Display for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.core {
            Some(core) => write!(f, "core {core}")?,
            None => write!(f, "unpinned")?,
        }
        if self.shared {
            write!(f, ", shared")?;
        }
        write!(f, ", {}", self.idle)
    }
}
