//! Every ring carries every record.

use fluxus_rivals::rings::{pass, Ring};

#[test]
fn sums_are_right_also_where_the_last_batch_is_not_full() {
    for ring in Ring::ALL {
        for records in [1, 255, 256, 100_001] {
            let passed = pass(ring, records, &[]).expect("it runs");
            assert!(passed.sum_ok, "{ring:?}, {records} records");
        }
    }
}
