//! A stream whose chain is forgotten says what it said before.

mod harness;

use fluxus_core::operator::{Boxed, FlatMap, Take};
use harness::*;

#[test]
fn a_boxed_chain_is_the_same_chain() {
    let several = || each(|n| (0..n % 4).collect());
    holds("boxed twice", &several(), &script(), |head| {
        let many = FlatMap::new(name(), Boxed::timed(head), |n: i64| 0..n % 4);
        Boxed::new(many)
    });
    holds("take", &cut_off(&several(), 5), &script(), |head| {
        let many = Boxed::new(FlatMap::new(name(), head, |n: i64| 0..n % 4));
        Boxed::new(Take::new(name(), many, 5))
    });
}
