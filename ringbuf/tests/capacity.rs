//! Which capacities are taken, and what is said about the others.
#![cfg(not(loom))]

use fluxus_ringbuf::{channel, Capacity, CapacityError};

#[test]
fn powers_of_two_are_taken() {
    for slots in [1, 2, 4, 1024, Capacity::MAX] {
        assert_eq!(Capacity::new(slots).map(Capacity::slots), Ok(slots));
    }
}

#[test]
fn others_are_refused_and_told_what_to_use() {
    for (slots, text) in [
        (0, "a ring cannot have 0 slots: use a power of two from 1"),
        (
            3,
            "a ring cannot have 3 slots, it must be a power of two: use 2 or 4",
        ),
        (
            5000,
            "a ring cannot have 5000 slots, it must be a power of two: use 4096 or 8192",
        ),
        (
            Capacity::MAX + 1,
            "a ring cannot have 1073741825 slots: use at most 1073741824",
        ),
        (
            usize::MAX,
            "a ring cannot have 18446744073709551615 slots: use at most 1073741824",
        ),
    ] {
        let error = Capacity::new(slots).expect_err("not a capacity");
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn a_ring_beyond_all_memory_is_an_error_and_no_abort() {
    let most = Capacity::new(Capacity::MAX).expect("the maximum");
    // 2^30 slots of 2^34 bytes are more than an address space.
    let error = channel::<[u8; 1 << 34], ()>(most).expect_err("no such memory");
    assert_eq!(
        error,
        CapacityError::TooManyBytes {
            slots: 1 << 30,
            bytes_each: 1 << 34
        }
    );
    assert_eq!(
        error.to_string(),
        "no memory for a ring of 1073741824 slots of 17179869184 bytes each: \
         use fewer slots or smaller records"
    );
}

#[test]
fn records_without_a_size_take_no_memory() {
    let most = Capacity::new(Capacity::MAX).expect("the maximum");
    let (mut sender, receiver) = channel::<(), ()>(most).expect("no bytes at all");
    assert_eq!(sender.send(()), Ok(()));
    assert_eq!(receiver.gauge().fill(), 1);
}
