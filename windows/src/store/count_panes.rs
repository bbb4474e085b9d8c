use crate::CountSliding;

/// Where the records of a key are cut into panes, so that each window is a
/// whole number of them.
///
/// Windows end where a slide ends, and begin where `size % slide` records of
/// one are left. So a slide is cut in two at most (the paired windows of
/// Krishnamurthy, Wu and Franklin: "On-the-fly sharing for streamed
/// aggregation", SIGMOD 2006):
///
/// ```text
///   size 5, slide 3      1  │  2  3  ║  4  │  5  6  ║  7  │  8  9  ║
///                              └──────── one window ──┘
///                                       two slides less one record
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CountPanes {
    slide: u64,
    /// Where a slide is cut, in records since its start; `slide` if it is not.
    cut: u64,
    /// How many panes make a window.
    panes: u64,
    /// So many records at the start of each slide are in no window.
    gap: u64,
    each_record: bool,
}

impl CountPanes {
    pub(crate) fn slide(&self) -> u64 {
        self.slide
    }

    /// How many panes make a window.
    pub(crate) fn per_window(&self) -> u64 {
        self.panes
    }

    /// Whether a window is one pane, and none is in two windows.
    pub(crate) fn are_windows(&self) -> bool {
        self.panes == 1 && !self.each_record
    }

    /// Whether each record is a pane, so that a window can end anywhere.
    pub(crate) fn are_records(&self) -> bool {
        self.each_record
    }

    /// Whether the record after `within` of a slide is in no window.
    #[inline]
    pub(crate) fn is_gap(&self, within: u64) -> bool {
        within < self.gap
    }

    /// Where the pane ends that is being filled after `within` records of a
    /// slide. Zero in a gap: no pane is.
    #[inline]
    pub(crate) fn end_after(&self, within: u64) -> u64 {
        if self.is_gap(within) {
            0
        } else if self.each_record {
            within + 1
        } else if within < self.cut {
            self.cut
        } else {
            self.slide
        }
    }
}

impl From<CountSliding> for CountPanes {
    fn from(kind: CountSliding) -> Self {
        let (size, slide) = (kind.size(), kind.slide());
        if kind.gives_rest() {
            // The stream may end anywhere, and `size` records before that is
            // anywhere too.
            return Self {
                slide,
                cut: slide,
                panes: size,
                gap: 0,
                each_record: true,
            };
        }
        let (slides, rest) = (size / slide, size % slide);
        Self {
            slide,
            cut: slide - rest,
            panes: match rest {
                0 => slides,
                // At most half of the size, as a slide of one leaves no rest.
                _ => 2 * slides + 1,
            },
            gap: slide.saturating_sub(size),
            each_record: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slides_are_cut_where_windows_begin_and_end() {
        const MAX: u64 = u64::MAX;
        for (size, slide, ends, panes) in [
            (4, 2, &[2][..], 2),
            (5, 3, &[1, 3], 3),
            (7, 3, &[2, 3], 5),
            (3, 3, &[3], 1),
            (2, 5, &[0, 5], 1),
            (1, 1, &[1], 1),
            (MAX, 1, &[1], MAX),
            (MAX, 2, &[1, 2], MAX),
            (MAX, MAX, &[MAX], 1),
            (1, MAX, &[0, MAX], 1),
        ] {
            let name = format!("size {size}, slide {slide}");
            let cuts = CountPanes::from(CountSliding::new(size, slide).unwrap());
            let found = [cuts.end_after(0), cuts.end_after(slide - 1)];
            assert_eq!(found[..1], ends[..1], "{name}");
            assert_eq!(found.last(), ends.last(), "{name}");
            assert_eq!(cuts.per_window(), panes, "{name}");
            assert_eq!(cuts.are_windows(), size <= slide, "{name}");
        }
    }

    #[test]
    fn a_rest_may_begin_at_any_record() {
        let cuts = CountPanes::from(CountSliding::new(2, 5).unwrap().with_rest());
        let ends: Vec<_> = (0..5).map(|within| cuts.end_after(within)).collect();
        assert_eq!(ends, [1, 2, 3, 4, 5]);
        assert_eq!(cuts.per_window(), 2);
        assert!(!cuts.are_windows());
    }
}
