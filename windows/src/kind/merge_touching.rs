use crate::Window;

/// Merges windows that overlap or touch, and gives what is left in ascending
/// order.
///
/// ```text
///   [0    10)
///            [10    20)      [30  40)
///   ─────────────────────────────────
///   [0              20)      [30  40)
/// ```
///
/// ```
/// use fluxus_windows::{merge_touching, Timestamp, Window};
///
/// let window = |start, end| Window::new(Timestamp::from_nanos(start), Timestamp::from_nanos(end));
/// let merged = merge_touching([window(30, 40), window(0, 10), window(10, 20)]);
/// assert_eq!(merged, [window(0, 20), window(30, 40)]);
/// ```
pub fn merge_touching(windows: impl IntoIterator<Item = Window>) -> Vec<Window> {
    let mut windows: Vec<Window> = windows.into_iter().collect();
    windows.sort_unstable();
    // What a window is merged into lies before it, so the same memory will do.
    windows.dedup_by(|next, merged| {
        let merges = merged.touches(*next);
        if merges {
            *merged = merged.cover(*next);
        }
        merges
    });
    windows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;

    #[test]
    fn windows_that_overlap_or_touch_become_one() {
        const MIN: i64 = i64::MIN;
        const MAX: i64 = i64::MAX;
        type Bounds = &'static [(i64, i64)];
        let cases: [(Bounds, Bounds); 8] = [
            (&[], &[]),
            (&[(0, 10)], &[(0, 10)]),
            (&[(10, 20), (0, 10)], &[(0, 20)]),
            (&[(0, 10), (11, 20)], &[(0, 10), (11, 20)]),
            (&[(0, 9), (2, 3), (4, 5)], &[(0, 9)]),
            (&[(0, 3), (6, 9), (3, 6), (20, 21)], &[(0, 9), (20, 21)]),
            (&[(-5, 0), (-5, 0), (-9, -6)], &[(-9, -6), (-5, 0)]),
            (&[(MIN, -1), (MAX, MAX), (-1, MAX)], &[(MIN, MAX)]),
        ];
        let windows = |pairs: Bounds| -> Vec<Window> {
            let at = Timestamp::from_nanos;
            let window = |&(start, end): &(i64, i64)| Window::new(at(start), at(end));
            pairs.iter().map(window).collect()
        };
        for (given, expected) in cases {
            assert_eq!(merge_touching(windows(given)), windows(expected));
        }
    }
}
