use crate::kind::slicing::saturate;
use crate::{Lateness, Timestamp, Window};
use std::ops::RangeInclusive;

/// Windows that overlap, numbered in the order of their ends.
///
/// One window ends every slide, so a window's number says where it lies, and
/// the windows that hold an instant are a range of numbers.
///
/// ```text
///   sliding       [--- 0 ---)            cumulating  [0)
///                    [--- 1 ---)                     [-1-)
///                       [--- 2 ---)                  [-- 2 --)
///                                                            [3)
/// ```
///
/// Numbers and bounds are 128 bits wide on the way, and saturate at the ends of
/// time only when they become a [`Window`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Numbering {
    pub(crate) size: i64,
    pub(crate) slide: i64,
    pub(crate) offset: i64,
    /// Windows begin every size, not every slide.
    pub(crate) cumulates: bool,
}

impl Numbering {
    /// Greater than the number of every window.
    const AFTER_ALL: i128 = 1 << 100;

    /// Where the window with number 0 ends.
    fn first_end(&self) -> i128 {
        let reach = match self.cumulates {
            true => self.slide,
            false => self.size,
        };
        i128::from(self.offset) + i128::from(reach)
    }

    /// The first window that ends after `time`.
    fn first_ending_after(&self, time: i128) -> i128 {
        (time - self.first_end()).div_euclid(i128::from(self.slide)) + 1
    }

    /// How many windows begin at one instant.
    fn steps(&self) -> i128 {
        i128::from(self.size / self.slide)
    }

    /// The windows that hold `time`; an empty range when none does.
    pub(crate) fn numbers_of(&self, time: Timestamp) -> RangeInclusive<i128> {
        let time = i128::from(time.nanos());
        let first = self.first_ending_after(time);
        if !self.cumulates {
            let last = (time - i128::from(self.offset)).div_euclid(i128::from(self.slide));
            return first..=last;
        }
        let shortest = first.div_euclid(self.steps()) * self.steps();
        let longest = shortest + self.steps() - 1;
        // Windows that begin together and are all cut off by the end of time are
        // one and the same: the shortest of them.
        let cut_off = self.first_ending_after(i128::from(i64::MAX) - 1);
        let longest = longest.min(cut_off.max(shortest));
        first.min(longest)..=longest
    }

    /// The window of a number.
    pub(crate) fn window(&self, number: i128) -> Window {
        let slide = i128::from(self.slide);
        let start = match self.cumulates {
            true => number.div_euclid(self.steps()) * i128::from(self.size),
            false => number * slide,
        };
        Window::new(
            saturate(start + i128::from(self.offset)),
            saturate(number * slide + self.first_end()),
        )
    }

    /// The windows that hold `time`, in the order of their ends.
    pub(crate) fn windows_of(self, time: Timestamp) -> impl Iterator<Item = Window> {
        self.numbers_of(time).map(move |number| self.window(number))
    }

    /// The first window that the watermark has not completed, or has not made
    /// so late that it is gone: whose last instant plus `lateness` is after it.
    pub(crate) fn first_after(&self, watermark: Timestamp, lateness: Lateness) -> i128 {
        let moment = i128::from(watermark.nanos()) - i128::from(lateness.nanos());
        // Bounds saturate: a window that the end of time cuts off has its last
        // instant just before it, and a moment is never after the end of time.
        let is_all = watermark == Timestamp::MAX || moment >= i128::from(i64::MAX - 1);
        match is_all {
            true => Self::AFTER_ALL,
            false => self.first_ending_after(moment + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_window_comes_twice_at_the_end_of_time() {
        for offset in [-300, -1, 0, 1, 175, 314] {
            let numbering = Numbering {
                size: 315,
                slide: 45,
                offset,
                cumulates: true,
            };
            for back in 0..700 {
                let time = Timestamp::from_nanos(i64::MAX - back);
                let windows: Vec<Window> = numbering.windows_of(time).collect();
                assert!(!windows.is_empty(), "{time:?}, offset {offset}");
                for pair in windows.windows(2) {
                    assert!(pair[0].end() < pair[1].end(), "{time:?}, offset {offset}");
                }
            }
        }
    }

    /// For every window: it is complete exactly when its number is below the
    /// first that is not.
    #[test]
    fn completeness_by_number_is_completeness_by_last_instant() {
        let edges = [0, 1, 2, 3, 7, 50];
        let edges = edges
            .iter()
            .flat_map(|e| [i64::MIN + e, -e, *e, i64::MAX - e]);
        let edges: Vec<Timestamp> = edges.map(Timestamp::from_nanos).collect();
        for (size, slide, offset, cumulates) in [
            (7, 3, 0, false),
            (7, 3, -2, false),
            (3, 10, 4, false),
            (5, 5, 1, false),
            (12, 3, 2, true),
            (12, 3, -11, true),
        ] {
            let numbering = Numbering {
                size,
                slide,
                offset,
                cumulates,
            };
            for lateness in [0, 1, 10, i64::MAX] {
                let lateness = Lateness::from_nanos(lateness).unwrap();
                for &time in &edges {
                    for number in numbering.numbers_of(time) {
                        let window = numbering.window(number);
                        for &watermark in &edges {
                            assert_eq!(
                                number < numbering.first_after(watermark, lateness),
                                lateness.last_moment_of(window) <= watermark,
                                "{numbering:?}, {lateness:?}, {window:?} at {watermark}"
                            );
                        }
                    }
                }
            }
        }
    }
}
