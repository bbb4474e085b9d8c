//! Other engines and rings on the workloads of `fluxus-perf`, digests checked.
//!
//! ```text
//!  fluxus_perf: data ─► engines/timely ─┬─► rows ─► Digest ─► one line of JSON
//!                       engines/renoir ─┤
//!                       engines/published
//!                              ▲
//!              queries: what a window keeps, by hand, for engines without such windows
//! ```
//!
//! Every engine runs a query twice where it makes a difference: as its documents
//! teach it, and tuned. See `README.md` for what was tuned and what cannot be said.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod kept;
pub mod queries;

pub mod engines;
pub mod rings;

pub mod run;

mod cores;
mod tally;

pub use cores::{pin_process, pin_thread, Cores};
pub use tally::Tally;
