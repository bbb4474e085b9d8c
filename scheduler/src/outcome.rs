use std::time::Instant;

use crate::{Fault, Warning};

/// How a job ended.
#[derive(Debug)]
#[must_use = "it says whether the job failed"]
pub struct Outcome {
    /// What went wrong, in the order of time: the first one is the cause, the
    /// others came with it. Empty when all went well.
    pub faults: Vec<Fault>,
    /// What was not as asked for; known since the launch.
    pub warnings: Vec<Warning>,
    /// Whether someone's stop ended the job before all its tasks were done.
    pub stopped: bool,
    /// What each worker did.
    pub workers: Vec<WorkerReport>,
}

impl Outcome {
    /// Whether every task came to its end.
    pub fn is_complete(&self) -> bool {
        self.faults.is_empty() && !self.stopped
    }
}

/// What one worker did, in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerReport {
    /// The worker's number.
    pub worker: usize,
    /// The core it is pinned to, when the pin was verified.
    pub core: Option<usize>,
    /// How often it polled a task.
    pub polls: u64,
    /// Polls that made progress.
    pub busy: u64,
    /// Polls that found no input.
    pub idle: u64,
    /// Polls that found their output full.
    pub blocked: u64,
    /// How often the worker went to sleep.
    pub parks: u64,
    /// The task being polled at this moment. Two reports that name the same
    /// task at the same number of polls have seen one and the same poll: with
    /// a second between them, the task is stalled.
    pub polling: Option<String>,
}

impl WorkerReport {
    /// The share of the polls that made progress, from 0 to 1.
    pub fn busy_share(&self) -> f64 {
        self.share(self.busy)
    }

    /// The share of the polls that found no input, from 0 to 1.
    pub fn idle_share(&self) -> f64 {
        self.share(self.idle)
    }

    /// The share of the polls that found their output full, from 0 to 1.
    pub fn blocked_share(&self) -> f64 {
        self.share(self.blocked)
    }

    fn share(&self, steps: u64) -> f64 {
        let all = self.busy + self.idle + self.blocked;
        if all == 0 {
            return 0.0;
        }
        steps as f64 / all as f64
    }
}

/// A fault and when it was noticed: workers keep their own, and the clock,
/// which all of them share, brings them in order.
#[derive(Debug)]
pub(crate) struct Noted {
    at: Instant,
    fault: Fault,
}

impl Noted {
    pub(crate) fn now(fault: Fault) -> Self {
        Noted {
            at: Instant::now(),
            fault,
        }
    }
}

/// The faults of all workers in the order of time.
pub(crate) fn in_order(mut noted: Vec<Noted>) -> Vec<Fault> {
    noted.sort_by_key(|noted| noted.at);
    noted.into_iter().map(|noted| noted.fault).collect()
}
