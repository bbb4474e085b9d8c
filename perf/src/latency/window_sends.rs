//! When the watermark that closes each window was sent.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use super::span::Span;

/// A moment for each window of the run, written by the source, read by the sink.
#[derive(Clone)]
pub(crate) struct WindowSends {
    first_end_ns: u64,
    window_ns: u64,
    /// Zero until it was sent.
    sent_ns: Arc<[AtomicU64]>,
}

impl WindowSends {
    /// Room for every window of the span.
    pub(crate) fn new(span: Span) -> Self {
        let first_end_ns = span.window_end(span.start_ns);
        let windows = (span.end_ns - span.start_ns) / span.window_ns + 1;
        Self {
            first_end_ns,
            window_ns: span.window_ns,
            sent_ns: (0..windows).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// Whether a window ends when event time comes from `before_ns` to `now_ns`.
    ///
    /// A watermark closes a window when it reaches its last instant, one
    /// nanosecond ahead of its end.
    #[inline]
    pub(crate) fn closes(&self, before_ns: u64, now_ns: u64) -> bool {
        (now_ns + 1) / self.window_ns > (before_ns + 1) / self.window_ns
    }

    /// The watermark that closes the windows between was sent at `sent_ns`.
    pub(crate) fn sent(&self, before_ns: u64, now_ns: u64, sent_ns: u64) {
        let upto = (now_ns + 1) / self.window_ns * self.window_ns;
        let from = ((before_ns + 1) / self.window_ns + 1) * self.window_ns;
        let mut end_ns = from.max(self.first_end_ns);
        while end_ns <= upto {
            if let Some(slot) = self.slot(end_ns) {
                // Pairs with the Acquire in `sent_at`; the rings order it too.
                slot.store(sent_ns, Ordering::Release);
            }
            end_ns += self.window_ns;
        }
    }

    /// When the window that ends here was closed by the source; zero if it was not.
    pub(crate) fn sent_at(&self, end_ns: u64) -> u64 {
        // Pairs with the Release in `sent`.
        self.slot(end_ns)
            .map_or(0, |slot| slot.load(Ordering::Acquire))
    }

    fn slot(&self, end_ns: u64) -> Option<&AtomicU64> {
        let window = end_ns.checked_sub(self.first_end_ns)? / self.window_ns;
        self.sent_ns.get(usize::try_from(window).ok()?)
    }
}
