//! Every ticket is drawn once.
#![cfg(loom)]

use fluxus_loom_tests::check;
use fluxus_ringbuf::Tickets;
use loom::thread;

#[test]
fn each_number_goes_to_one_thread() {
    check(|| {
        let tickets = Tickets::new();
        let other = {
            let tickets = tickets.clone();
            thread::spawn(move || [tickets.draw(), tickets.draw()])
        };
        let mine = [tickets.draw(), tickets.draw()];
        let others = other.join().unwrap();
        assert!(mine[0] < mine[1] && others[0] < others[1]);
        let mut all = [mine, others].concat();
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2, 3]);
    });
}
