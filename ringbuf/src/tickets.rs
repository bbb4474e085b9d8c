//! Numbers that several threads draw, each number once.

use crate::orderings::{TICKET_BY_STORE, TICKET_DRAW};
use crate::sync::{Arc, AtomicU64};
use crossbeam_utils::CachePadded;

/// A roll of numbers, from 0 up without a gap; clones draw from the same roll.
///
/// It shares out work that lies ready for all, say the blocks of a slice: whoever
/// is done draws the next number, so that nobody gets ahead of the others by more
/// than what one number stands for. Drawing takes one locked instruction and
/// never waits.
///
/// A number says nothing of what other threads did before: what it stands for
/// must have been there when the roll was shared.
///
/// ```
/// let tickets = fluxus_ringbuf::Tickets::new();
/// let other = tickets.clone();
/// assert_eq!((tickets.draw(), other.draw(), tickets.draw()), (0, 1, 2));
/// ```
#[derive(Debug, Clone)]
pub struct Tickets {
    next: Arc<CachePadded<AtomicU64>>,
}

impl Default for Tickets {
    fn default() -> Self {
        Self::new()
    }
}

impl Tickets {
    /// A new roll.
    pub fn new() -> Self {
        Self {
            next: Arc::new(CachePadded::new(AtomicU64::new(0))),
        }
    }

    /// The next number, which nobody else gets. (Beyond 2^64 they begin anew.)
    #[inline]
    pub fn draw(&self) -> u64 {
        if TICKET_BY_STORE {
            let number = self.next.load(TICKET_DRAW);
            self.next.store(number.wrapping_add(1), TICKET_DRAW);
            return number;
        }
        // Relaxed, pairs with nothing: the number alone is shared, and that one
        // instruction takes it is what keeps two from having the same.
        self.next.fetch_add(1, TICKET_DRAW)
    }
}
