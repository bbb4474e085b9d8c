//! Two streams that are joined by key: J1 within an interval of time, J2 in windows.

pub mod data;

pub mod j1;
pub mod j2;
