//! The hostile harness under short names. It is public now: see
//! `fluxus_core::testing`.

// Each test file that shares it uses a part.
#![allow(dead_code, unused_imports)]

pub(crate) use fluxus_core::testing::Said::{
    Active, Barrier, End, Idle, Quiet, Record, Watermark as At,
};
pub(crate) use fluxus_core::testing::{
    cut_off, drives, heard, heard_by_all, holds, sample as script, Downstream, Drive, Mood, Said,
    Script, PATIENT,
};

use fluxus_core::windows::Timestamp;
use fluxus_core::Name;

pub(crate) fn at(nanos: i64) -> Timestamp {
    Timestamp::from_nanos(nanos)
}

pub(crate) fn name() -> Name {
    Name::new("under test")
}

/// What is to come out of the sample when each record becomes some others.
pub(crate) fn each<V>(becomes: impl FnMut(i64) -> Vec<V>) -> Vec<Said<V>> {
    fluxus_core::testing::each(&script(), becomes)
}
