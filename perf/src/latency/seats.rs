//! Which thread sits on which core.

use crate::Options;

use super::pipeline::Origin;

/// Where the threads of a run sit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seats {
    /// The source's, where it is a thread of its own.
    pub(crate) source: Option<usize>,
    /// The engine's workers, or the thread behind the bare ring.
    pub(crate) workers: Vec<usize>,
    /// One that nobody else of the run sits on.
    pub(crate) free: Option<usize>,
    /// There are fewer cores than threads that never sleep.
    pub(crate) crowded: bool,
}

impl Seats {
    /// Deals out the cores of `options`, the source's first; `allowed` are all
    /// that this process may use.
    pub(crate) fn deal(options: &Options, origin: Origin, allowed: &[usize]) -> Self {
        let threads = options.workers + usize::from(origin == Origin::Thread);
        let busy = match options.pin {
            true => options.cores.len(),
            false => allowed.len(),
        };
        let crowded = busy < threads;
        if !options.pin {
            return Self {
                source: None,
                workers: Vec::new(),
                free: None,
                crowded,
            };
        }
        let mut cores = options.cores.iter().copied();
        let source = match origin {
            Origin::Thread => cores.next(),
            Origin::Worker => None,
        };
        let workers: Vec<usize> = cores.collect();
        Self {
            // With one core for both they share it.
            workers: match (workers.is_empty(), source) {
                (true, Some(core)) => vec![core],
                _ => workers,
            },
            source,
            free: allowed
                .iter()
                .copied()
                .find(|core| !options.cores.contains(core)),
            crowded,
        }
    }

    /// All cores of the run.
    pub(crate) fn all(&self) -> Vec<usize> {
        let mut all: Vec<usize> = self
            .source
            .into_iter()
            .chain(self.workers.clone())
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_sits_first_and_the_meter_where_nobody_does() {
        let options = |workers, cores: &[usize]| Options {
            workers,
            pin: !cores.is_empty(),
            cores: cores.to_vec(),
            ..Options::default()
        };
        let seats = Seats::deal(&options(1, &[0, 1]), Origin::Thread, &[0, 1]);
        assert_eq!((seats.source, seats.workers), (Some(0), vec![1]));
        assert_eq!((seats.free, seats.crowded), (None, false));

        let seats = Seats::deal(&options(1, &[3]), Origin::Worker, &[2, 3]);
        assert_eq!((seats.source, seats.workers.clone()), (None, vec![3]));
        assert_eq!((seats.free, seats.crowded), (Some(2), false));

        let seats = Seats::deal(&options(1, &[0]), Origin::Thread, &[0]);
        assert_eq!((seats.source, seats.workers.clone()), (Some(0), vec![0]));
        assert!(seats.crowded);
        assert_eq!(seats.all(), [0]);

        let seats = Seats::deal(&options(2, &[]), Origin::Worker, &[0, 1]);
        assert!(seats.all().is_empty());
        assert!(!seats.crowded);
    }
}
