use crate::{Timestamp, Window};

/// How windows that overlap are cut into slices that none of their bounds
/// crosses, so that a record is folded into one slice and a window is the merge
/// of whole slices.
///
/// Every slide has at most two slices: its head, as long as the window's size
/// exceeds a multiple of the slide, and the rest.
///
/// ```text
///   size 7, slide 3     |head|rest |head|rest |head|rest |      head 1, rest 2
///   windows             [------------------)
///                                  [------------------)
/// ```
///
/// These are the paired windows of Krishnamurthy, Wu and Franklin (On-the-fly
/// sharing for streamed aggregation, 2006): two slices a slide whatever the
/// sizes, where slices of the greatest common divisor could be as many as the
/// slide has nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slicing {
    slide: i64,
    /// In `1..=slide`; a head that fills its slide is the only slice in it.
    head: i64,
    offset: i64,
    /// Whether the rest of a slide lies in no window.
    has_gaps: bool,
}

impl Slicing {
    /// The slices of windows of `size` that begin every `slide`, `offset` after
    /// the epoch; sizes are positive, `|offset| < slide`.
    pub(crate) fn of(size: i64, slide: i64, offset: i64) -> Self {
        debug_assert!(size > 0 && slide > 0 && offset.unsigned_abs() < slide.unsigned_abs());
        let head = match size.min(slide) {
            _ if size > slide && size % slide != 0 => size % slide,
            shorter => shorter,
        };
        Self {
            slide,
            head,
            offset,
            has_gaps: size < slide,
        }
    }

    /// The slice in which `time` lies, its bounds saturated at the ends of time.
    #[inline]
    pub fn slice_of(&self, time: Timestamp) -> Window {
        let time = time.nanos();
        // In 64 bits for every time that is not within a slide of the ends.
        let inside = time.checked_sub(self.offset);
        let start = inside.and_then(|t| time.checked_sub(t.rem_euclid(self.slide)));
        let end = start.and_then(|start| start.checked_add(self.slide));
        let (Some(start), Some(end)) = (start, end) else {
            return self.slice_at_the_ends(time);
        };
        let cut = start + self.head;
        let (start, end) = match time < cut {
            true => (start, cut),
            false => (cut, end),
        };
        Window::new(Timestamp::from_nanos(start), Timestamp::from_nanos(end))
    }

    #[cold]
    fn slice_at_the_ends(&self, time: i64) -> Window {
        let wide = i128::from;
        let time = wide(time);
        let start = time - (time - wide(self.offset)).rem_euclid(wide(self.slide));
        let cut = start + wide(self.head);
        match time < cut {
            true => Window::new(saturate(start), saturate(cut)),
            false => Window::new(saturate(cut), saturate(start + wide(self.slide))),
        }
    }

    /// Whether `time` lies between windows, in none.
    #[inline]
    pub fn is_gap(&self, time: Timestamp) -> bool {
        self.has_gaps && {
            let inside = i128::from(time.nanos()) - i128::from(self.offset);
            inside.rem_euclid(i128::from(self.slide)) >= i128::from(self.head)
        }
    }
}

/// An instant that may lie beyond the ends of time, brought back to them.
pub(crate) fn saturate(nanos: i128) -> Timestamp {
    let clamped = nanos.clamp(i128::from(i64::MIN), i128::from(i64::MAX));
    // The clamp keeps it in range, so the conversion cannot fail.
    Timestamp::from_nanos(i64::try_from(clamped).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice(slicing: Slicing, time: i64) -> (i64, i64) {
        let slice = slicing.slice_of(Timestamp::from_nanos(time));
        (slice.start().nanos(), slice.end().nanos())
    }

    #[test]
    fn slices_are_cut_where_windows_begin_and_end() {
        for (size, slide, offset, time, expected) in [
            // Tumbling: one slice a window.
            (5, 5, 0, 4, (0, 5)),
            (5, 5, 0, -1, (-5, 0)),
            // The size is a multiple of the slide: one slice a slide.
            (6, 3, 0, 4, (3, 6)),
            (6, 3, 1, 0, (-2, 1)),
            // It is not: head and rest.
            (7, 3, 0, 0, (0, 1)),
            (7, 3, 0, 1, (1, 3)),
            (7, 3, 0, 5, (4, 6)),
            (7, 3, -1, -1, (-1, 0)),
            (7, 3, 0, -1, (-2, 0)),
            // Gaps: the window, then what lies in none.
            (3, 10, 0, 2, (0, 3)),
            (3, 10, 0, 3, (3, 10)),
            // The ends of time.
            (5, 5, 0, i64::MIN, (i64::MIN, -9_223_372_036_854_775_805)),
            (7, 3, 0, i64::MAX - 1, (i64::MAX - 1, i64::MAX)),
            (7, 3, 0, i64::MAX, (i64::MAX, i64::MAX)),
        ] {
            let slicing = Slicing::of(size, slide, offset);
            let case = format!("size {size}, slide {slide}, offset {offset}, time {time}");
            assert_eq!(slice(slicing, time), expected, "{case}");
        }
    }

    #[test]
    fn a_gap_is_what_no_window_holds() {
        let slicing = Slicing::of(3, 10, -2);
        let gaps: Vec<i64> = (-12..12)
            .filter(|&t| slicing.is_gap(Timestamp::from_nanos(t)))
            .collect();
        let expected: Vec<i64> = (-9..-2).chain(1..8).chain(11..12).collect();
        assert_eq!(gaps, expected);
        assert!(!Slicing::of(10, 3, 0).is_gap(Timestamp::from_nanos(5)));
    }
}
