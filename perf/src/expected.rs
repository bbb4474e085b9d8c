//! The digests that every engine must give, at the sizes that were computed apart.
//!
//! The oracle is not this crate: generators written apart from these, in
//! another language, and group-bys of two query engines that agree.

use crate::{Digest, Workload};

/// The expected digest of `workload` over `events` events with its own number of keys.
///
/// `None` where the table does not list that size.
pub fn expected(workload: Workload, events: u64) -> Option<Digest> {
    TABLE
        .iter()
        .find(|row| row.0 == workload && row.1 == events)
        .map(|&(_, _, rows, count, sum)| Digest { rows, count, sum })
}

/// The sizes of `workload` that the table lists, largest first.
pub fn listed_sizes(workload: Workload) -> impl Iterator<Item = u64> {
    TABLE
        .iter()
        .filter(move |row| row.0 == workload)
        .map(|row| row.1)
}

use Workload::{W1, W2, W7};

/// Workload, events, rows, count, sum.
#[rustfmt::skip]
const TABLE: &[(Workload, u64, u64, u64, u64)] = &[
    (W1,   1_000_000,    857_569, 10_000_000,  7_934_220_549_036_430_178),
    (W1,     100_000,     87_104,  1_000_000,  7_450_847_719_003_896_670),
    (W1,      10_000,     10_164,    100_000, 12_422_356_968_449_386_416),
    (W1,       1_000,      2_745,     10_000, 14_535_339_346_246_932_632),
    (W2,  20_000_000,  2_003_810, 20_000_000,  4_546_047_345_084_895_812),
    (W2,   2_000_000,    203_897,  2_000_000,  1_631_166_903_875_100_006),
    (W2,     200_000,     23_931,    200_000,  2_405_026_005_722_082_884),
    (W2,      20_000,      8_695,     20_000,  3_679_107_145_002_250_304),
    (W7, 100_000_000, 50_000_002, 50_000_002,  4_236_494_626_092_394_675),
    (W7,  10_000_000,  5_000_003,  5_000_003,  8_959_921_487_673_598_513),
    (W7,   1_000_000,    500_004,    500_004,  9_439_088_164_728_688_593),
    (W7,     100_000,     50_002,     50_002,  4_217_874_019_258_094_479),
];
