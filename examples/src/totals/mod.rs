//! What all rows of a sample come to: the lines below its table, and what made-up
//! events should come to.

mod audience;
mod courses;
mod frequent;
mod heaviest;

pub use audience::Audience;
pub use courses::Courses;
pub use frequent::Frequent;
pub use heaviest::Heaviest;
