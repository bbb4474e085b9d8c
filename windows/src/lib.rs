//! Event time as arithmetic: what a stream engine remembers.
//!
//! This crate knows no threads and no clocks. It holds the notions of event
//! time ([`Timestamp`], watermarks and how they are generated and combined),
//! the windows that cut it, the [`Aggregate`] that folds records, and the
//! hash-slab arenas in which every open window keeps its state.
//!
//! ```text
//!   tumbling   time ─► pane 3   key ──► index ──► [ .. | ant 3 | .. ]     a slab a window
//!
//!   the rest   key ──► KeySlab ──► slot 17                a slot a key, for all panes
//!                                    │
//!              time ─► pane 3:  [ . . 17 . . ]            a cell a slot
//!                      pane 4:  [ . . 17 . . ]
//! ```
//!
//! The same input gives the same output, on one thread or many, today or
//! tomorrow.
#![forbid(unsafe_code)]

mod lateness;
mod time;
mod window;

mod watermark;

pub mod aggregate;

mod kind;

mod state;

mod store;

mod join;

mod keyed;

pub use aggregate::Aggregate;
pub use join::as_of_pairs::AsOfPairs;
pub use join::interval_bounds::{IntervalBounds, IntervalError};
pub use join::interval_pairs::{Alone, IntervalPairs};
pub use join::kind::{FullOuter, Inner, JoinKind, LeftOuter, RightOuter};
pub use join::table::{Table, TableChange};
pub use join::{Declined, JoinLimit, JoinStats};
pub use keyed::key_timers::TooManyTimers;
pub use keyed::keyed_states::{KeyedStates, Moment, NewKey, TimeToLive};
pub use keyed::timed_states::{DueKey, KeyEntry, KeyTimer, TimedStates, TimersOfKey};
pub use kind::assigner::WindowAssigner;
pub use kind::count_error::CountError;
pub use kind::count_sliding::CountSliding;
pub use kind::count_tumbling::CountTumbling;
pub use kind::cumulating::Cumulating;
pub use kind::global::Global;
pub use kind::merge_touching::merge_touching;
pub use kind::session::{DynamicSession, Session, SessionError};
pub use kind::slicing::Slicing;
pub use kind::sliding::Sliding;
pub use kind::trigger::{Trigger, TriggerError};
pub use kind::triggered::Triggered;
pub use kind::tumbling::{Tumbling, WindowError};
pub use kind::{CountKind, WindowKind};
pub use lateness::{Lateness, LatenessError};
pub use state::ahead::{Ahead, Prefetch};
pub use state::panes::{ClosingPane, PaneEntry, Panes};
pub use state::slab::{KeySlab, Slot, StateLimit, StateStats, TooManyKeys};
pub use store::count_sliding_windows::CountSlidingWindows;
pub use store::count_tumbling_windows::CountTumblingWindows;
pub use store::listed_windows::ListedWindows;
pub use store::sliding_fold::SlidingFold;
pub use store::sliding_windows::SlidingWindows;
pub use store::tumbling_windows::{ClosedCell, TumblingWindows};
pub use store::{Added, Arrival, Fired, Firing, WindowStore};
pub use time::Timestamp;
pub use watermark::bounded_disorder::{BoundedDisorder, DisorderError};
pub use watermark::combiner::{Combined, InputStatus, WatermarkCombiner};
pub use watermark::each_record::EachRecord;
pub use watermark::generator::WatermarkGenerator;
pub use watermark::partitioned::{Partitioned, PartitionsError};
pub use watermark::punctuated::Punctuated;
pub use window::Window;
