//! Where an event lives: sources, fused operators, stages and the rings between
//! them, sinks, errors.
//!
//! Programs are written against `fluxus-api`; this crate is what runs them, and
//! what a source, a sink or an operator of one's own is written against. Read
//! it in this order:
//!
//! - [`Flow`] and [`Signal`]: what is said between two operators;
//! - [`Collector`]: one end of a fused chain, the contract of every operator;
//! - [`Chain`]: the description that becomes such a chain;
//! - [`source`], `operator`, [`sink`]: the ends and the middle, a file each;
//! - `stage` and `exchange`: what drives a chain, and how stages meet;
//! - [`Plan`]: which stage runs where; [`start`] and [`run_local`] run it;
//! - [`testing`]: what an operator, a source or a sink is put through.
#![forbid(unsafe_code)]

mod flow;
mod record;
mod signal;
mod wall_clock;

mod collector;

mod chain;
mod name;

mod config;
mod error;

mod alarm;
mod instance;
mod metrics;

mod retry;

pub mod operator;
pub mod sink;
pub mod source;

mod partition;

mod exchange;
mod on_stack;
mod stage;

mod plan;
mod run;

pub mod testing;

pub use chain::{Chain, Expires, Named, Rejects, Spread, Timed};
pub use collector::Collector;
pub use config::{Config, Settings, WhenFull};
pub use error::{ConfigError, Error, JobFailure};
pub use flow::Flow;
pub use instance::Instance;
pub use metrics::{Measure, Reading, Registry};
pub use name::Name;
pub use partition::{partition_of, PartitionHasher};
pub use plan::{Diagram, Plan};
pub use record::Record;
pub use retry::{Retry, Transient};
pub use run::{run_local, start, JobEnding, Latency, Report, RunningJob};
pub use signal::{Clock, Signal, Stamp, Watermark};
pub use wall_clock::{ManualClock, SystemClock, WallClock};

pub use fluxus_runtime::{Cause, Control, Fault, IdleStrategy, Placement, Warning, WorkerReport};
pub use fluxus_windows as windows;
