//! The test kit: what this crate tests its own operators with, for whoever
//! writes one elsewhere.
//!
//! - A [`Script`] is a source that says what it was told to: records at their
//!   times, watermarks, idleness, silence, the end, in one partition or several.
//!   It may move a [`ManualClock`](crate::ManualClock) in between.
//! - A [`Rehearsal`] is a job that moves when it is told to: feed it, move its
//!   clock, let it settle, look at what it said.
//! - [`run_seeded`] runs a job on one thread, its tasks interleaved at random:
//!   the same seed, the same order of polls. It tells when nothing moves.
//! - [`holds`] drives an operator in every hostile way: one record at a time, all
//!   at once, into a downstream that is full or busy at every other call, or
//!   that wants no more. (The idea is that of Jet's `TestSupport`.)
//! - [`source_yields`] and [`sink_writes`] do the like with either end of a job.
//! - [`Heard`] keeps what a stream says, signals among the records, and
//!   compares it; [`assert_in_any_order`] and its like compare plain records.
//!
//! An operator of one's own, which doubles every record, put through it all:
//!
//! ```
//! use fluxus_core::operator::FlatMap;
//! use fluxus_core::testing::{each, holds, sample, Said};
//! use fluxus_core::Name;
//!
//! let expected: Vec<Said<i64>> = each(&sample(), |n| vec![n, n]);
//! holds("twice", &expected, &sample(), |head| {
//!     FlatMap::new(Name::new("twice"), head, |n: i64| [n, n])
//! });
//! ```
//!
//! Times in the kit are whole nanoseconds, plain numbers: in a test a tick is as
//! good as a second.
//!
//! What is found wrong is a panic with a message: the kit is for tests.

mod said;
mod script;

mod random;
mod rehearsal;
mod seeded;

mod downstream;
mod ends;
mod hostile;

mod assertions;
mod heard;

pub use assertions::{assert_in_any_order, assert_in_order, assert_in_order_by};
pub use downstream::{Downstream, Mood};
pub use ends::{sink_cut_off, sink_writes, source_yields};
pub use heard::{hear, Heard};
pub use hostile::{drives, hasty_drives, heard, heard_by_all, holds, holds_when, Drive, PATIENT};
pub use random::Random;
pub use rehearsal::Rehearsal;
pub use said::{cut_off, each, sample, Said};
pub use script::Script;
pub use seeded::{run_seeded, run_with_seeds, same_with_seeds};
