//! What comes in, one kind of event a file: what it is, how a line becomes one,
//! and how to make some up.

mod click;
mod quote;
mod temperature;
mod text_line;
mod transfer;

pub use click::{Click, Visitor};
pub use quote::{dollars, Courses, Quote};
pub use temperature::Temperature;
pub use text_line::{most_frequent, LineClock, TextLine};
pub use transfer::{By, Transfer};
