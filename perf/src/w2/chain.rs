//! Eight stateless operators to go before the window of W2: what it costs to
//! write a chain of small steps.
//!
//! Together they leave every event as it is, so that the digest is that of W2; no
//! step by itself can be left out, and only who has all of them in one loop can see
//! what cancels.

use super::data::Event;

/// How many operators the chain has.
pub(crate) const OPERATORS: u64 = 8;

const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
/// `FACTOR * INVERSE == 1`, modulo 2^64.
const INVERSE: u64 = 0xF1DE_83E1_9937_733D;
const MASK: u64 = 0x0123_4567_89AB_CDEF;

#[inline(always)]
fn with_key(event: Event, key: u64) -> Event {
    Event { key, ..event }
}

/// Step 1, a map.
#[inline(always)]
pub(super) fn multiply(event: Event) -> Event {
    with_key(event, event.key.wrapping_mul(FACTOR))
}

/// Step 2, a filter: no key is this one.
#[inline(always)]
pub(super) fn is_known(event: &Event) -> bool {
    event.key != MASK
}

/// Step 3, a map.
#[inline(always)]
pub(super) fn rotate(event: Event) -> Event {
    with_key(event, event.key.rotate_left(17))
}

/// Step 4, a filter: no value is negative.
#[inline(always)]
pub(super) fn is_sound(event: &Event) -> bool {
    event.value >= 0.0
}

/// Steps 5 and 7, maps: the second takes back the first.
#[inline(always)]
pub(super) fn mask(event: Event) -> Event {
    with_key(event, event.key ^ MASK)
}

/// Step 6, a filter: no event is older than the epoch.
#[inline(always)]
pub(super) fn is_recent(event: &Event) -> bool {
    event.timestamp_ms > 0
}

/// Step 8, a map: takes back the rotation and the multiplication.
#[inline(always)]
pub(super) fn restore(event: Event) -> Event {
    with_key(event, event.key.rotate_right(17).wrapping_mul(INVERSE))
}

/// All eight in a row, as one writes them by hand.
#[inline(always)]
pub(super) fn fused(event: Event) -> Option<Event> {
    let event = multiply(event);
    if !is_known(&event) {
        return None;
    }
    let event = rotate(event);
    if !is_sound(&event) {
        return None;
    }
    let event = mask(event);
    if !is_recent(&event) {
        return None;
    }
    Some(restore(mask(event)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::w2::data;

    #[test]
    fn the_chain_leaves_every_event_as_it_is() {
        for index in 0..10_000 {
            let event = data::event(index, 10_000, crate::splitmix::Disorder::OWN);
            assert_eq!(fused(event), Some(event));
        }
    }
}
