//! Where records go.

mod collect;
mod for_each;
mod json_lines;
mod operator;

pub use collect::{collected, Collect, Collected};
pub use for_each::ForEach;
pub use json_lines::JsonLines;
pub use operator::{write_to, Ending, Sink, SinkError};
