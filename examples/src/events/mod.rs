//! What comes in, one kind of event a file: what it is, how a line becomes one,
//! and how to make some up.

mod click;
mod device_reading;
mod entry;
mod entry_parser;
mod quote;
mod temperature;
mod text_line;
mod transfer;

pub use click::{Click, Visitor};
pub use device_reading::{DeviceReading, ReadingClock};
pub use entry::Entry;
pub use entry_parser::EntryParser;
pub use quote::{dollars, Quote};
pub use temperature::Temperature;
pub use text_line::{most_frequent, LineClock, TextLine};
pub use transfer::{By, Transfer};
