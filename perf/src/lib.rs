//! The end-to-end harness of Fluxus: exact workloads, digests checked, the
//! engine against the loop one would have written by hand.
//!
//! A workload is a folder: its data, made before the clock starts and handed
//! over from memory; the loop by hand; the same query through the public API.
//! Both give a [`Digest`], and a speed counts only with the right one.
//!
//! ```text
//! splitmix ─► w*/data        ─► Case ─┬─► w*/hand   ─┬─► Digest, seconds ─► run | compare | targets
//! nexmark crate ─► nexmark/data ─►    └─► w*/fluxus ─┘        │
//!                                     Shape                expected
//! ```
#![forbid(unsafe_code)]

pub mod splitmix;

pub mod digest;
pub mod expected;
pub mod interleaved;

pub mod dense_ids;
mod engine;
mod open_panes;

pub mod w1;
pub mod w2;
pub mod w3;
pub mod w4;
pub mod w5;
pub mod w7;

pub mod joins;

pub mod latency;
pub mod nexmark;

mod available;
mod case;
mod compiler;
pub mod doctor;
pub mod on_the_way;
pub mod operator_costs;
pub mod record;
mod shape;
mod workload;

pub use available::{memory_bytes, Cores};
pub use case::{Case, Idle, Options, Outcome};
pub use compiler::Compiler;
pub use digest::Digest;
pub use shape::{Asked, Shape};
pub use workload::{Engine, Workload};
