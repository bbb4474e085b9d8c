//! The engines, each a file for what its documents teach and one for what was tuned.

mod batches;
mod carried;

pub mod published;
pub mod renoir;
pub mod timely;

pub use batches::Batches;
pub use carried::Carried;
