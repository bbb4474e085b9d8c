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

pub mod aggregate;

mod lateness;
mod slicing;
mod store;
mod window_kind;

mod tumbling;

mod index;
mod slab;

mod panes;
mod tumbling_windows;

mod assigner;
mod global;
mod listed_windows;
mod live_window;
mod merge_touching;
mod session;
mod timers;
mod trigger;
mod triggered;
mod window_lists;

pub use aggregate::Aggregate;
pub use assigner::WindowAssigner;
pub use combiner::{Combined, InputStatus, WatermarkCombiner};
pub use global::Global;
pub use lateness::{Lateness, LatenessError};
pub use listed_windows::ListedWindows;
pub use merge_touching::merge_touching;
pub use panes::{ClosingPane, PaneEntry, Panes};
pub use session::{DynamicSession, Session, SessionError};
pub use slab::{KeySlab, Slot, StateLimit, StateStats, TooManyKeys};
pub use slicing::Slicing;
pub use store::{Added, Arrival, Fired, Firing, WindowStore};
pub use time::Timestamp;
pub use trigger::{Trigger, TriggerError};
pub use triggered::Triggered;
pub use tumbling::{Tumbling, WindowError};
pub use tumbling_windows::{ClosedCell, TumblingWindows};
pub use watermark::{BoundedDisorder, DisorderError};
pub use window::Window;
pub use window_kind::WindowKind;
