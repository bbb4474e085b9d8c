//! How far event time has come: generators that say so of records, and the
//! minimum over several inputs.

pub(crate) mod bounded_disorder;
pub(crate) mod each_record;
pub(crate) mod generator;
pub(crate) mod partitioned;
pub(crate) mod punctuated;

pub(crate) mod combiner;
