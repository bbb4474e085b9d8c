//! How long a record takes, and how long a window's results, at a rate that
//! waits for nobody.
//!
//! The loop is open: record `i` is due at `start + i / rate`, whether or not the
//! engine has kept up, and its latency counts from then. A stall is so paid for
//! by every record that was due while it lasted, as those who sent them would.
//!
//! ```text
//!  Schedule ─► Source, in a worker ───────────┐
//!           └► a thread ─► Input ═══ ring ════╪═► map ─► Meter ─► window ─► WindowSink
//!                │                            │            │                   │
//!              Hiccups   CPU of every thread  │            └──── Recorder ─────┴─► Measured
//!                                             └═► map ─► RecordSink   (without windows)
//! ```
//!
//! The bare rtrb ring that the hand-over is held against runs under the same
//! source and the same meter: [`anchor`].

mod clock;
mod distribution;
mod schedule;
mod span;
mod timeline;

mod recorder;
mod tick;

mod feeder;
mod source;

mod record_sink;
mod window_rows;
mod window_sends;
mod window_sink;

mod cpu;
mod hiccup;

pub mod anchor;
mod measured;
mod pipeline;
mod seats;
mod verdict;

pub mod hgrm;
pub mod host;
pub mod html;

pub use cpu::ThreadUse;
pub use distribution::{histogram, Distribution, Percentile, Samples, PERCENTILES, SAMPLES_BEYOND};
pub use hiccup::{HiccupPlace, HiccupReading};
pub use measured::{Latencies, Measured, Paired};
pub use pipeline::{run, Origin, Plan};
pub use timeline::Timeline;
