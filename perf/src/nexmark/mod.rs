//! Nexmark: queries over the auctions of a marketplace; the events are those of
//! the generator that the `nexmark` crate has.

pub mod data;
pub mod q5;
pub mod q7;
pub mod q8;
pub mod ties;
