use crate::{Slicing, Timestamp};

/// Slices at hand at once. Records that are a little out of order go back and
/// forth between several slices when slides are short.
pub(super) const HOT_SLICES: usize = 8;

/// The stretch of time of the slices at hand, which follow one another.
///
/// Most records lie in the slice of the record before or in one next to it, and
/// which of the two is a comparison, not a branch to mispredict. For the others
/// bounds are counted: a few comparisons that do not wait for one another.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hot {
    start: i64,
    /// Zero: none are at hand.
    length: u64,
    /// Where the second and further slices begin, after the start.
    bounds: [u64; HOT_SLICES - 1],
    near: Near,
}

/// Two of the slices at hand that follow one another, or one.
#[derive(Clone, Copy, Debug, Default)]
struct Near {
    start: i64,
    /// The length of the first.
    first: u64,
    /// The length of both; zero: none is near.
    length: u64,
    /// The place of the first.
    place: usize,
}

impl Hot {
    /// Slices that follow one another from that of `first` on, as many as there
    /// is room for, ending before the end of time. Tells their starts.
    pub(super) fn from(
        slicing: Slicing,
        first: Timestamp,
        mut each: impl FnMut(usize, Timestamp),
    ) -> Self {
        let start = slicing.slice_of(first).start();
        let since = |time: Timestamp| time.nanos().wrapping_sub(start.nanos()) as u64;
        let mut hot = Self {
            start: start.nanos(),
            length: 0,
            bounds: [u64::MAX; HOT_SLICES - 1],
            near: Near::default(),
        };
        let mut next = start;
        for place in 0..HOT_SLICES {
            if next == Timestamp::MAX {
                break;
            }
            if place > 0 {
                hot.bounds[place - 1] = since(next);
            }
            each(place, next);
            next = slicing.slice_of(next).end();
            hot.length = since(next);
        }
        hot
    }

    /// Whether slices are at hand, and all of them begin after `time`.
    pub(super) fn is_after(&self, time: Timestamp) -> bool {
        self.length > 0 && time.nanos() < self.start
    }

    /// The place of the slice that holds `time`, if it is at hand.
    #[inline(always)]
    pub(super) fn place(&mut self, time: Timestamp) -> Option<usize> {
        let near = &self.near;
        let since = time.nanos().wrapping_sub(near.start) as u64;
        if since < near.length {
            return Some(near.place + usize::from(since >= near.first));
        }
        let since = time.nanos().wrapping_sub(self.start) as u64;
        if since >= self.length {
            return None;
        }
        let mut place = 0;
        for bound in self.bounds {
            place += usize::from(since >= bound);
        }
        self.come_near(place);
        Some(place)
    }

    /// Brings the slice in this place near, and the one before it: records come
    /// late more often than early.
    #[inline]
    fn come_near(&mut self, place: usize) {
        // Where a slice begins; behind the last one, where that ends.
        let bound = |place: usize| match place {
            0 => 0,
            place => self
                .bounds
                .get(place - 1)
                .map_or(self.length, |&bound| bound.min(self.length)),
        };
        let first = place.saturating_sub(1);
        let start = bound(first);
        self.near = Near {
            start: self.start.wrapping_add(start as i64),
            first: bound(first + 1) - start,
            length: bound(first + 2) - start,
            place: first,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sliding;

    #[test]
    fn a_place_is_that_of_the_slice() {
        for (size, slide, first) in [
            (6, 3, 0),
            (7, 3, -5),
            (7, 3, i64::MAX - 9),
            (9, 4, i64::MIN),
        ] {
            let slicing = Slicing::from(Sliding::from_nanos(size, slide).unwrap());
            let mut starts = Vec::new();
            let first = Timestamp::from_nanos(first);
            let mut hot = Hot::from(slicing, first, |place, start| {
                assert_eq!(place, starts.len());
                starts.push(start);
            });
            let from = slicing.slice_of(first).start().nanos();
            assert_eq!(starts[0].nanos(), from);
            for time in (0..40)
                .map_while(|n| from.checked_add(n))
                .map(Timestamp::from_nanos)
            {
                let start = slicing.slice_of(time).start();
                let expected = starts.iter().position(|s| *s == start);
                let is_last_instant = time == Timestamp::MAX;
                assert_eq!(
                    hot.place(time),
                    expected.filter(|_| !is_last_instant),
                    "{time}"
                );
            }
            assert_eq!(Hot::default().place(first), None);
        }
    }
}
