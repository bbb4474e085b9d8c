//! What the sample programs share: options, files into events, tables, latencies.
//!
//! Each program is one file in `src/bin/`: a [`sample::Sample`], which says how a
//! line becomes an event, what becomes of events, and what a row of the result
//! looks like.
#![forbid(unsafe_code)]

mod engine_options;
mod options;
mod run;

pub mod anomaly;
pub mod devices;
pub mod events;
pub mod input;
pub mod sample;
mod table;
pub mod totals;

mod latency;
mod program;
mod window_options;

mod data;
mod figures;
mod random;
mod terminal;

pub use data::data;
pub use engine_options::{EngineOptions, Format};
pub use figures::{clock_text, grouped, latency_line, minute_text, rounded, time_text};
pub use program::main;
pub use random::Random;
pub use run::{complain, run, Failure};
pub use table::{Align, Column, Line};
pub use terminal::{legible, shortened, show};
pub use window_options::{
    GapOption, SilenceOption, SizeOption, SlideOptions, DAY_MS, HOUR_MS, MINUTE_MS,
};

// Faster than the one of the system where strings are made on one core and freed
// on another.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
