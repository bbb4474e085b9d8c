//! Where records go.

mod collect;
mod fold_all;
mod for_each;
mod json_lines;
mod operator;

pub use collect::{collected, Collect, Collected};
pub use fold_all::{folded, FoldAll, Folded};
pub use for_each::ForEach;
pub use json_lines::JsonLines;
pub use operator::{write_to, Ending, Sink, SinkError};
