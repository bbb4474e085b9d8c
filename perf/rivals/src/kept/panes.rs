//! Tumbling windows as dense arrays, a few open at a time.

/// Accumulators by window and by dense id of a key.
///
/// Two windows are open nearly always, told apart by one comparison; more, when
/// one worker is far ahead of another, cost a division.
///
/// # Invariants
/// `panes[i]` is the window from `start_ms + i * size_ms`; none or at least two.
#[derive(Clone, Debug)]
pub struct Panes<A> {
    size_ms: i64,
    start_ms: i64,
    panes: Vec<Vec<A>>,
    empty: A,
}

impl<A: Copy> Panes<A> {
    /// No window yet; a cell that was not touched is `empty`.
    pub fn new(size_ms: i64, empty: A) -> Self {
        Self {
            size_ms,
            start_ms: 0,
            panes: Vec::new(),
            empty,
        }
    }

    /// The cell of the key `id` in the window that `timestamp_ms` lies in.
    #[inline(always)]
    pub fn cell(&mut self, timestamp_ms: i64, id: usize) -> &mut A {
        let offset_ms = timestamp_ms - self.start_ms;
        let near = !self.panes.is_empty() && (0..2 * self.size_ms).contains(&offset_ms);
        let index = if near {
            usize::from(offset_ms >= self.size_ms)
        } else {
            self.far(timestamp_ms)
        };
        let pane = &mut self.panes[index];
        if id >= pane.len() {
            grow(pane, id, self.empty);
        }
        &mut pane[id]
    }

    /// The place of a window beyond the first two; those up to there are opened.
    #[cold]
    fn far(&mut self, timestamp_ms: i64) -> usize {
        let start_ms = timestamp_ms.div_euclid(self.size_ms) * self.size_ms;
        if self.panes.is_empty() {
            self.start_ms = start_ms;
            self.panes.resize(2, Vec::new());
        }
        while start_ms < self.start_ms {
            self.panes.insert(0, Vec::new());
            self.start_ms -= self.size_ms;
        }
        let index = ((start_ms - self.start_ms) / self.size_ms) as usize;
        if index >= self.panes.len() {
            self.panes.resize(index + 1, Vec::new());
        }
        index
    }

    /// Hands out the windows that end at or before `until_ms`, the oldest first, each
    /// with its start, and forgets them. `i64::MAX` closes all.
    pub fn close(&mut self, until_ms: i64, mut window: impl FnMut(i64, &mut [A])) {
        for _ in 0..self.panes.len() {
            if self.start_ms + self.size_ms > until_ms {
                return;
            }
            window(self.start_ms, &mut self.panes[0]);
            self.panes[0].fill(self.empty);
            self.panes.rotate_left(1);
            self.start_ms += self.size_ms;
        }
    }
}

#[cold]
fn grow<A: Copy>(pane: &mut Vec<A>, id: usize, empty: A) {
    pane.resize(id + 1, empty);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_come_in_order_with_all_that_was_added() {
        let mut panes = Panes::new(10, 0);
        for timestamp_ms in [5, 12, 7, 41, -3, 19, 20] {
            *panes.cell(timestamp_ms, 1) += timestamp_ms;
        }
        let mut seen = Vec::new();
        panes.close(20, |start_ms, cells| seen.push((start_ms, cells.to_vec())));
        assert_eq!(
            seen,
            [(-10, vec![0, -3]), (0, vec![0, 12]), (10, vec![0, 31])]
        );
        *panes.cell(25, 0) += 1;
        seen.clear();
        panes.close(i64::MAX, |start_ms, cells| {
            if cells.iter().any(|&cell| cell != 0) {
                seen.push((start_ms, cells.to_vec()));
            }
        });
        assert_eq!(seen, [(20, vec![1, 20]), (40, vec![0, 41])]);
    }
}
