//! What a window keeps: state by hand, for the engines that leave it to their users.

mod fast_map;
mod panes;

pub use fast_map::{FastMap, Multiply};
pub use panes::Panes;
