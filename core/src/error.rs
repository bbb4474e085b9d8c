use crate::operator::IdleTimeoutError;
use fluxus_runtime::Fault;
use fluxus_windows::aggregate::{PrecisionError, QuantileError, TopKError};
use fluxus_windows::{
    CountError, DisorderError, IntervalError, LatenessError, PartitionsError, SessionError,
    TriggerError, WindowError,
};
use std::fmt;

/// Why a job could not be built or did not end well.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A setting of the job cannot be.
    Config(ConfigError),
    /// An operator was given something that cannot be.
    Operator {
        /// The operator's name.
        operator: String,
        /// What is wrong and what to change.
        problem: String,
    },
    /// A stream was made and never brought to a sink.
    UnusedStream {
        /// The operator at which the stream begins.
        stream: String,
    },
    /// The job has no stream at all.
    NothingToRun,
    /// The threads could not be started.
    Launch(String),
    /// The job failed while it ran.
    Failed(JobFailure),
}

/// What went wrong in a run: the first fault is the cause, the others followed.
#[derive(Debug)]
pub struct JobFailure {
    /// In the order in which they happened; never empty.
    pub faults: Vec<Fault>,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Config(error) => error.fmt(f),
            Error::Operator { operator, problem } => write!(f, "operator {operator}: {problem}"),
            Error::UnusedStream { stream } => write!(
                f,
                "the stream that begins at {stream} ends nowhere: give it a sink, or do not make it"
            ),
            Error::NothingToRun => {
                f.write_str("the job has no stream: add a source and bring its stream to a sink")
            }
            Error::Launch(problem) => write!(f, "the workers could not be started: {problem}"),
            Error::Failed(failure) => failure.fmt(f),
        }
    }
}

impl fmt::Display for JobFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.faults.split_first() {
            None => f.write_str("the job failed"),
            Some((first, rest)) => {
                first.fmt(f)?;
                for fault in rest {
                    write!(f, "; then {fault}")?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Config(error) => Some(error),
            Error::Failed(failure) => match failure.faults.first() {
                Some(fault) => Some(fault),
                None => None,
            },
            _ => None,
        }
    }
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Error::Config(error)
    }
}

impl Error {
    /// What is wrong with the operator of this name.
    pub fn operator(operator: impl fmt::Display, problem: impl fmt::Display) -> Self {
        Error::Operator {
            operator: operator.to_string(),
            problem: problem.to_string(),
        }
    }

    /// The operator that is to blame, where one is.
    pub fn culprit(&self) -> Option<&str> {
        match self {
            Error::Operator { operator, .. } => Some(operator),
            Error::UnusedStream { stream } => Some(stream),
            Error::Failed(failure) => failure.faults.first().map(|fault| fault.operator.as_str()),
            Error::Config(_) | Error::NothingToRun | Error::Launch(_) => None,
        }
    }
}

/// A setting that cannot be.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ConfigError {
    /// A number outside its range.
    OutOfRange {
        /// The setting's name.
        setting: &'static str,
        /// What was given.
        given: usize,
        /// The least that is allowed.
        least: usize,
        /// The most that is allowed.
        most: usize,
    },
    /// The ring capacity is not one.
    RingCapacity(String),
    /// A batch would not fit a ring.
    BatchBeyondRing {
        /// Records a batch.
        batch: usize,
        /// Records a ring.
        ring_capacity: usize,
    },
    /// Memory was to be set aside for more keys than may be held.
    ExpectedBeyondLimit {
        /// Keys expected.
        expected: usize,
        /// Keys allowed.
        limit: usize,
    },
    /// An explicit list of cores without a core.
    NoCores,
    /// A window that cannot be.
    Window(WindowError),
    /// A bound on disorder that cannot be.
    Disorder(DisorderError),
    /// An allowed lateness that cannot be.
    Lateness(LatenessError),
    /// An idle timeout that cannot be.
    IdleTimeout(IdleTimeoutError),
    /// A session that cannot be.
    Session(SessionError),
    /// A trigger that cannot be.
    Trigger(TriggerError),
    /// A window of so many records that cannot be.
    Count(CountError),
    /// Bounds of an interval join that cannot be.
    Interval(IntervalError),
    /// A source without partitions.
    Partitions(PartitionsError),
    /// The best none of something.
    TopK(TopKError),
    /// A quantile, or its accuracy, that cannot be.
    Quantile(QuantileError),
    /// A precision of an estimate that cannot be.
    Precision(PrecisionError),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfRange {
                setting,
                given,
                least,
                most,
            } => write!(f, "{setting} is {given}: choose {least} to {most}"),
            Self::RingCapacity(problem) => write!(f, "ring_capacity: {problem}"),
            Self::BatchBeyondRing {
                batch,
                ring_capacity,
            } => write!(
                f,
                "a batch of {batch} records does not fit a ring of {ring_capacity}: \
                 raise ring_capacity or lower batch"
            ),
            Self::ExpectedBeyondLimit { expected, limit } => write!(
                f,
                "expected_keys is {expected} but key_limit is {limit}: \
                 raise key_limit or lower expected_keys"
            ),
            Self::NoCores => f.write_str(
                "the placement names no core: name at least one core, or let placement be automatic",
            ),
            Self::Window(error) => error.fmt(f),
            Self::Disorder(error) => error.fmt(f),
            Self::Lateness(error) => error.fmt(f),
            Self::IdleTimeout(error) => error.fmt(f),
            Self::Session(error) => error.fmt(f),
            Self::Trigger(error) => error.fmt(f),
            Self::Count(error) => error.fmt(f),
            Self::Interval(error) => error.fmt(f),
            Self::Partitions(error) => error.fmt(f),
            Self::TopK(error) => error.fmt(f),
            Self::Quantile(error) => error.fmt(f),
            Self::Precision(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ConfigError {}

/// What a value that checks itself refuses, as an [`Error`]: so that `?` does.
macro_rules! refused_settings {
    ($($error:ty => $variant:ident;)*) => {$(
        impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Error::Config(ConfigError::$variant(error))
            }
        }
    )*};
}

refused_settings! {
    WindowError => Window;
    DisorderError => Disorder;
    LatenessError => Lateness;
    IdleTimeoutError => IdleTimeout;
    SessionError => Session;
    TriggerError => Trigger;
    CountError => Count;
    IntervalError => Interval;
    PartitionsError => Partitions;
    TopKError => TopK;
    QuantileError => Quantile;
    PrecisionError => Precision;
}
