//! Event time as arithmetic: what a stream engine remembers.
//!
//! This crate knows no threads and no clocks. It holds the notions of event
//! time ([`Timestamp`], watermarks and how they are generated and combined),
//! the windows that cut it, the [`Aggregate`] that folds records, and the
//! hash-slab arena ([`Panes`]) in which every open window keeps its state.
//!
//! ```text
//!   key ──► KeySlab ──► slot 17          one slot a key, shared by all panes
//!                         │
//!   time ─► pane 3:  [ . . 17 . . ]      one dense cell a slot, a bit says "touched"
//!           pane 4:  [ . . 17 . . ]
//! ```
//!
//! The same input gives the same output, on one thread or many, today or
//! tomorrow.
#![forbid(unsafe_code)]

mod time;
mod window;

mod combiner;
mod watermark;

mod each_record;
mod partitioned;
mod punctuated;
mod watermark_generator;

pub mod aggregate;

mod lateness;
mod slicing;
mod store;
mod window_kind;
mod window_list;

mod cumulating;
mod numbering;
mod sliding;
mod tumbling;

mod count_error;
mod count_panes;
mod count_sliding;
mod count_sliding_windows;
mod count_tumbling;
mod count_tumbling_windows;
mod recent_panes;
mod sliding_fold;

mod ahead;
mod block_set;
mod blocks;
mod free_slots;
mod index;
mod key_hasher;
mod slab;

mod panes;
mod sliding_windows;
mod tumbling_windows;

mod assigner;
mod global;
mod listed_windows;
mod live_window;
mod merge_touching;
mod session;
mod timer_wheel;
mod timers;
mod trigger;
mod triggered;
mod window_lists;

pub use aggregate::Aggregate;
pub use ahead::{Ahead, Prefetch};
pub use assigner::WindowAssigner;
pub use combiner::{Combined, InputStatus, WatermarkCombiner};
pub use count_error::CountError;
pub use count_sliding::CountSliding;
pub use count_sliding_windows::CountSlidingWindows;
pub use count_tumbling::CountTumbling;
pub use count_tumbling_windows::CountTumblingWindows;
pub use cumulating::Cumulating;
pub use each_record::EachRecord;
pub use global::Global;
pub use lateness::{Lateness, LatenessError};
pub use listed_windows::ListedWindows;
pub use merge_touching::merge_touching;
pub use panes::{ClosingPane, PaneEntry, Panes};
pub use partitioned::{Partitioned, PartitionsError};
pub use punctuated::Punctuated;
pub use session::{DynamicSession, Session, SessionError};
pub use slab::{KeySlab, Slot, StateLimit, StateStats, TooManyKeys};
pub use slicing::Slicing;
pub use sliding::Sliding;
pub use sliding_fold::SlidingFold;
pub use sliding_windows::SlidingWindows;
pub use store::{Added, Arrival, Fired, Firing, WindowStore};
pub use time::Timestamp;
pub use trigger::{Trigger, TriggerError};
pub use triggered::Triggered;
pub use tumbling::{Tumbling, WindowError};
pub use tumbling_windows::{ClosedCell, TumblingWindows};
pub use watermark::{BoundedDisorder, DisorderError};
pub use watermark_generator::WatermarkGenerator;
pub use window::Window;
pub use window_kind::{CountKind, WindowKind};
