//! W5: views of advertisements counted per campaign in tumbling windows of ten
//! seconds; which campaign an advertisement belongs to, a table says.

pub mod campaigns;
pub mod data;
pub mod fluxus;
pub mod hand;

/// The length of a window, in milliseconds.
pub const WINDOW_MS: i64 = 10_000;
