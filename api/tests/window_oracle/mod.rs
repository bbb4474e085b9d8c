//! Random pipelines of windows, and a slow, obvious oracle of what comes out.
//!
//! ```text
//!   seed ──► generate ──► Pipeline ──┬──► semantics ──► Expected ──┐
//!                                    └──► engine ─────► Found ─────┴──► compare
//! ```
//!
//! The oracle (`semantics`) knows nothing of the engine, not even a type: it
//! keeps all records of a window in a list and looks at everything again
//! whenever anything happens.
#![allow(dead_code, unreachable_pub)]

pub mod apart;
pub mod compare;
pub mod engine;
pub mod generate;
pub mod pipeline;
pub mod semantics;
