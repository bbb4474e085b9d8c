//! What is told of devices: what they said, what is missing, and who fell silent.

mod report;
mod roll_call;
mod silence;

pub use report::{Aggregates, Report, WindowReport};
pub use roll_call::RollCall;
pub use silence::{Silence, Silent};
