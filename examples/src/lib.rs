//! What the sample programs share: the options of the engine, a run that ends
//! well on Ctrl-C, and figures a person can read.
//!
//! Each program is one file in `src/bin/`, its pipeline one function of it.
#![forbid(unsafe_code)]

mod engine_options;
mod run;

mod figures;
mod terminal;

pub use engine_options::{EngineOptions, Format};
pub use figures::{grouped, latency_line};
pub use run::{complain, run, Failure};
pub use terminal::{legible, show};
