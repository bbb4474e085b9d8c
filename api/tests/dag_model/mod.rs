//! Random DAGs: what they are made of, what must come out, and the jobs that are
//! built of them.
//!
//! - `dag.rs`: events and steps, and how chance makes them;
//! - `model.rs`: what comes out, by plain lists;
//! - `build.rs`: the same steps as streams of a job;
//! - `check.rs`: what was heard against the model.

mod build;
mod check;
mod dag;
mod model;

pub(crate) use build::{build, Given};
pub(crate) use check::{check, Difference};
pub(crate) use dag::{dags, Dag};
pub(crate) use model::expected;
