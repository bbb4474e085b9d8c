//! Windows kept one by one at their limits: of keys, of windows that make no
//! sense, of elements that lie in none.

use fluxus_windows::aggregate::Count;
use fluxus_windows::{
    Added, Arrival, Lateness, Session, StateLimit, Timestamp, Trigger, Triggered, Window,
    WindowAssigner, WindowKind, WindowStore,
};
use std::fmt;

fn at(nanos: i64) -> Timestamp {
    Timestamp::from_nanos(nanos)
}

type Store<T> = Box<dyn WindowStore<u8, T, Count>>;

fn new_store<T>(kind: impl WindowKind<T>, lateness: Lateness, limit: StateLimit) -> Store<T> {
    Box::new(kind.store(lateness, limit, &Count))
}

fn add<T>(store: &mut Store<T>, key: u8, time: i64, value: &T) -> Added {
    let arrival = Arrival {
        time: at(time),
        value,
        number: 0,
    };
    store.add(&Count, key, arrival)
}

#[test]
fn the_limit_refuses_new_keys_and_keeps_the_old() {
    let session = Session::from_nanos(10).unwrap();
    let limit = StateLimit::new(0, 2);
    let mut store: Store<()> = new_store(session, Lateness::NONE, limit);
    for (key, time, expected) in [
        (1, 0, Added::Kept),
        (2, 0, Added::Kept),
        (3, 0, Added::Refused),
        (1, 50, Added::Kept),
        (2, 5, Added::Kept),
    ] {
        let added = add(&mut store, key, time, &());
        assert_eq!(added, expected, "key {key}, time {time}");
    }
    store.advance(at(20));
    while store.next_due(&Count).is_some() {}
    for (key, time, expected) in [
        (3, 10, Added::Late),
        (3, 30, Added::Kept),
        (4, 10, Added::Late),
        (4, 11, Added::Refused),
        (1, 30, Added::Kept),
    ] {
        let added = add(&mut store, key, time, &());
        assert_eq!(added, expected, "key {key}, time {time}");
    }
    let stats = store.stats();
    assert_eq!((stats.keys, stats.keys_high_water, stats.panes), (2, 2, 3));
}

/// The windows that its elements ask for.
#[derive(Clone)]
struct AsAsked;

type Bounds = &'static [(i64, i64)];

impl WindowAssigner<Bounds> for AsAsked {
    const MERGES: bool = false;

    fn assign(&self, _: Timestamp, bounds: &Bounds, mut each: impl FnMut(Window)) {
        for &(start, end) in bounds.iter() {
            each(Window::new(at(start), at(end)));
        }
    }
}

impl fmt::Display for AsAsked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("as asked")
    }
}

#[test]
fn an_element_is_late_when_all_its_windows_are_and_ignored_when_it_has_none() {
    let kind = Triggered::new(AsAsked, Trigger::event_time());
    let lateness = Lateness::from_nanos(5).unwrap();
    let limit = StateLimit::new(4, 4);
    let mut store: Store<Bounds> = new_store(kind, lateness, limit);
    store.advance(at(20));
    let cases: [(i64, Bounds, Added, &[(i64, i64)]); 8] = [
        // In no window, or in one that ends before it begins.
        (15, &[], Added::Late, &[]),
        (16, &[], Added::Ignored, &[]),
        (16, &[(30, 10)], Added::Ignored, &[]),
        // All gone, some gone, some complete but still kept.
        (16, &[(0, 10), (5, 16)], Added::Late, &[]),
        (16, &[(0, 16), (0, 17)], Added::Kept, &[(0, 17)]),
        (
            16,
            &[(9, 20), (5, 18), (9, 40)],
            Added::Kept,
            &[(5, 18), (9, 20)],
        ),
        // Windows within windows, and of one end.
        (16, &[(0, 50), (3, 50), (9, 40)], Added::Kept, &[]),
        (i64::MIN, &[], Added::Late, &[]),
    ];
    for (time, bounds, expected, fires) in cases {
        assert_eq!(add(&mut store, 1, time, &bounds), expected, "{bounds:?}");
        let fired = std::iter::from_fn(|| store.next_due(&Count)).map(|fired| {
            let window = fired.window;
            (window.start().nanos(), window.end().nanos())
        });
        assert_eq!(fired.collect::<Vec<_>>(), fires, "{bounds:?}");
    }
    store.advance(Timestamp::MAX);
    let rest = std::iter::from_fn(|| store.next_due(&Count));
    let rest = rest.map(|fired| (fired.window.start().nanos(), fired.value));
    assert_eq!(rest.collect::<Vec<_>>(), [(9, 2), (0, 1), (3, 1)]);
    assert_eq!((store.stats().keys, store.stats().panes), (0, 0));
}

/// Handing out can stop after any result.
#[test]
fn what_is_due_is_handed_out_one_by_one() {
    let every = Trigger::event_time().early_every_nanos(4).unwrap();
    let kind = Triggered::new(Session::from_nanos(10).unwrap(), every);
    let limit = StateLimit::new(4, 4);
    let mut store: Store<()> = new_store(kind, Lateness::NONE, limit);
    for key in 0..3 {
        add(&mut store, key, 0, &());
    }
    assert!(store.advance(at(9)));
    assert!(store.advance(at(9)), "still due");
    let mut keys = Vec::new();
    while store.has_due() {
        keys.extend(store.next_due(&Count).map(|fired| fired.key));
    }
    assert_eq!(keys, [0, 1, 2, 0, 1, 2, 0, 1, 2], "at 4, at 8 and at 9");
    assert!(!store.advance(at(9)));
}
