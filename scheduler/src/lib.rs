//! Pinned workers that poll tasks.
//!
//! This crate drives a job: it decides which worker sits on which core, keeps
//! the workers polling, lets them rest when there is nothing to do, and brings
//! all of them home when the job is done, stopped or broken. It knows tasks,
//! not streams: everything it runs is a [`Task`], and everything a task tells
//! it is a [`Step`] or a [`Fault`].
//!
//! ```text
//!  Topology ─┐
//!  Placement ┼─► Seating ─┐             ┌─ worker 0 ─ pinned ─ poll, poll, rest
//!  workers  ─┘            ├─► launch ──►├─ worker 1 ─ pinned ─ poll, poll, rest
//!          tasks, Control ┘      │      └─ worker 2 ─ ...
//!                                └► JobHandle: join, stop, drain, drop ─► Outcome
//! ```
//!
//! The same tasks run on one thread, in a fixed order, with [`run_inline`].
//!
//! ```
//! use fluxus_runtime::{run_inline, Control, Fault, Step, Task};
//!
//! struct Countdown(usize);
//!
//! impl Task for Countdown {
//!     fn name(&self) -> &str {
//!         "countdown"
//!     }
//!     fn poll(&mut self, budget: usize) -> Result<Step, Fault> {
//!         self.0 = self.0.saturating_sub(budget);
//!         Ok(if self.0 == 0 { Step::Done } else { Step::Progress })
//!     }
//!     fn abort(&mut self) {}
//! }
//!
//! let outcome = run_inline(vec![Box::new(Countdown(10))], &Control::new(vec![]), 4);
//! assert!(outcome.faults.is_empty());
//! assert_eq!(outcome.workers[0].polls, 3);
//! ```
#![forbid(unsafe_code)]

// What is run.
mod culprit;
mod fault;
mod task;

// Where it runs.
mod cpu_list;
mod pin;
mod placement;
mod seating;
mod topology;
mod warning;

// How it runs.
mod control;
mod crew;
mod idle;
mod inline;
mod job;
mod worker;

// How it went.
mod outcome;
mod tally;

pub use crate::control::Control;
pub use crate::culprit::Culprit;
pub use crate::fault::{Cause, Fault};
pub use crate::idle::{IdleStrategy, UnknownIdleStrategy};
pub use crate::inline::{run_inline, InlineRun};
pub use crate::job::{launch, JobHandle, LaunchError};
pub use crate::outcome::{Outcome, WorkerReport};
pub use crate::placement::{Placement, PlacementError};
pub use crate::seating::{Seat, Seating, MAX_WORKERS};
pub use crate::task::{Step, Task};
pub use crate::topology::{default_workers, Cpu, Topology};
pub use crate::warning::{PinFailure, RefusedPin, SharedCore, Warning};
pub use crate::worker::Worker;
