//! A low-latency stream processing library on pinned cores.
//!
#![doc = include_str!("operations.md")]
//!
//! # A program
//!
//! A program describes streams with a [`Job`], and runs it:
//!
//! ```
//! use fluxus::prelude::*;
//! use std::time::Duration;
//!
//! let job = Job::new("readings", Config::new().workers(1))?;
//! let means = job
//!     .from_iter((0..10_000u64).map(|i| (i % 7, i as f64)))
//!     .timestamps(
//!         |&(_, value)| Timestamp::from_millis(value as i64),
//!         BoundedDisorder::monotonous(),
//!     )
//!     .key_by(|&(sensor, _)| sensor)
//!     .window(Tumbling::new(Duration::from_secs(1))?)
//!     .aggregate((Count, Mean::of(|&(_, value): &(u64, f64)| value)))
//!     .collect();
//! job.run()?;
//! let first = means.take().into_iter().find(|row| row.key == 0).unwrap();
//! assert_eq!(first.value, (143, 497.0));
//! # Ok::<(), fluxus::Error>(())
//! ```
//!
//! # What runs where
//!
//! Operators without state fuse with their source into one loop on one core.
//! Where records must meet by key and there is more than one worker, cores
//! exchange batches over single-producer rings; a window's records are folded
//! on the core where they arise, and only the partial results cross.
//! [`Job::explain`] prints the plan.
//!
//! # Event time
//!
//! Windows cut event time, not the time of the wall: a record belongs where its
//! timestamp says. A *watermark* `t` promises that no record at or before `t`
//! is still to come; a window is complete, and its results come out, when the
//! watermark reaches its last instant. A record that comes after that is
//! *late*: it is counted, and goes to a stream of its own if that is taken.
//! The chapter [`event_time`] has pictures of every kind of window.
//!
//! # Failure
//!
//! A panic in a closure ends the job, not the process: [`Job::run`] returns an
//! error that names the operator. Nothing is dropped in silence: what is late,
//! malformed or refused is counted in the [`Report`].
#![forbid(unsafe_code)]

mod job;

mod boxed;
mod data_stream;
mod positions;
mod shape;
mod side_outputs;
mod split_either;

mod expiry;
mod keyed_process;
mod keyed_state;
mod keyed_stream;
mod rejected;
mod windowed_stream;

mod joins;

mod sinks;

mod live_sources;
mod text_sinks;
mod text_sources;

pub mod testing;

pub mod event_time {
    #![doc = include_str!("event_time.md")]

    // What the chapter speaks of, for its links.
    #[allow(unused_imports)]
    use crate::{windows::*, DataStream};
}

/// The chapters of the guide, compiled.
#[doc = include_str!("../../README.md")]
#[cfg(doctest)]
struct Readme;

pub use data_stream::DataStream;
pub use job::Job;
pub use joins::{AsOfJoined, ChangingTableJoined, IntervalJoined, TableJoined, WindowJoined};
pub use keyed_stream::KeyedStream;
pub use shape::Branch;
pub use windowed_stream::WindowedStream;

pub use fluxus_core::operator::{
    Aside, Boxed, DeadLetter, Either, IdleTimeout, IdleTimeoutError, JoinedPair, KeyedProcess,
    ProcessContext, Rejected, Rejection, SideStream, Sides, WindowPair, WindowResult,
};
pub use fluxus_core::windows::KeyTimer;
pub use fluxus_core::{
    partition_of, Cause, Chain, Config, ConfigError, Control, Diagram, Error, Fault, IdleStrategy,
    JobEnding, JobFailure, Latency, ManualClock, Measure, Placement, Reading, Report, Retry,
    RunningJob, SystemClock, Timed, Transient, WallClock, Warning, WhenFull, WorkerReport,
};

/// Sources, and what it takes to write one.
pub mod source {
    pub use fluxus_core::source::{
        BadUtf8, BoxError, CounterWriter, CsvHeader, CsvSource, FollowFrom, FollowSource, Input,
        JsonLinesSource, Line, LinesSource, MalformedLine, MissedTicks, PeerLine, PeriodError,
        Pulled, ReaderLinesSource, RetryingSource, SendError, Source, SourceContext, SourceStatus,
        TcpLinesSource, Tick, TickSource, TrySendError, UdpLinesSource, WhenMissing,
    };
    pub use fluxus_core::{Clock, Collector, Flow, Signal, Stamp, Watermark};
}

/// Sinks, and what it takes to write one.
pub mod sink {
    pub use fluxus_core::sink::{
        Collected, Csv, Ending, Folded, JsonLines, Lines, Output, ReceiveError, RetryingSink, Sink,
        SinkContext, SinkError, TcpLines, TryReceiveError, UdpLines,
    };
    pub use fluxus_core::source::{BoxError, CounterWriter};
}

/// Event time: windows, watermarks, aggregates.
pub mod windows {
    pub use fluxus_core::windows::aggregate::{
        ApproxDistinct, Collect, Count, Distinct, DistinctValues, ExactQuantiles, Filtered, First,
        Fold, Last, Max, MaxBy, Mean, Min, MinBy, PrecisionError, QuantileError, Quantiles, Reduce,
        StandardDeviation, Sum, Summable, TopK, TopKBy, TopKError, Variance,
    };
    pub use fluxus_core::windows::{
        merge_touching, Aggregate, BoundedDisorder, Combined, CountError, CountKind, CountSliding,
        CountTumbling, Cumulating, DisorderError, DynamicSession, EachRecord, Firing, FullOuter,
        Global, Inner, InputStatus, IntervalBounds, IntervalError, IntervalPairs, JoinKind,
        JoinLimit, Lateness, LatenessError, LeftOuter, Partitioned, PartitionsError, Punctuated,
        RightOuter, Session, SessionError, Sliding, StateLimit, TableChange, Timestamp, Trigger,
        TriggerError, Triggered, Tumbling, WatermarkCombiner, WatermarkGenerator, Window,
        WindowAssigner, WindowError, WindowKind,
    };
}

/// What most programs need.
pub mod prelude {
    pub use crate::windows::{
        Aggregate, BoundedDisorder, Count, Max, Mean, Min, Session, Sliding, Sum, Timestamp,
        Tumbling,
    };
    pub use crate::{Config, DataStream, Error, Job, KeyedStream, Report, WindowResult};
}
