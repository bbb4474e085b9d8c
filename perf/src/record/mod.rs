//! Results kept: what was measured, when, on what, and how it compares.
//!
//! A record is one file of JSON. It is read again by later versions of this
//! program, so its form has a number, [`SCHEMA`], and a file of another form is
//! refused rather than misread.

mod band;
mod date;
mod difference;
mod file;
mod machine;
mod spread;

pub use band::Band;
pub use date::Moment;
pub use difference::{Change, Difference, Row};
pub use file::{Build, Doctor, Figure, Record, SCHEMA};
pub use machine::Machine;
pub use spread::Spread;
