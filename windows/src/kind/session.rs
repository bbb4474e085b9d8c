use crate::time::saturating_nanos;
use crate::{
    Aggregate, Lateness, ListedWindows, StateLimit, Timestamp, Trigger, Window, WindowAssigner,
    WindowKind,
};
use std::fmt;
use std::hash::Hash;
use std::time::Duration;

/// Session windows: records of a key belong together as long as no gap in time
/// parts them.
///
/// A record at `t` brings the window `[t, t + gap)`, and windows of one key that
/// overlap or touch become one, so that a late record may join two sessions.
///
/// ```text
///   gap 3      record   [1  4)
///              record      [3  6)
///              record                [8  11)
///   ────────────────────────────────────────
///              sessions [1     6)    [8  11)
/// ```
///
/// ```
/// use fluxus_windows::{Session, Timestamp, Window};
/// use std::time::Duration;
///
/// let visits = Session::with_gap(Duration::from_secs(1800))?;
/// let window = visits.window_of(Timestamp::from_secs(60));
/// assert_eq!(window, Window::new(Timestamp::from_secs(60), Timestamp::from_secs(1860)));
/// # Ok::<(), fluxus_windows::SessionError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    gap: i64,
}

impl Session {
    /// Sessions that end when a key was silent for `gap`. A gap too long for 64
    /// bits of nanoseconds (292 years) is for ever.
    ///
    /// # Errors
    /// [`SessionError`] when the gap is zero.
    pub fn with_gap(gap: Duration) -> Result<Self, SessionError> {
        Self::from_nanos(saturating_nanos(gap))
    }

    /// Sessions that end when a key was silent for `gap_ns` nanoseconds.
    ///
    /// # Errors
    /// [`SessionError`] when the gap is zero or negative.
    pub fn from_nanos(gap_ns: i64) -> Result<Self, SessionError> {
        match gap_ns <= 0 {
            true => Err(SessionError { gap_ns }),
            false => Ok(Self { gap: gap_ns }),
        }
    }

    /// Sessions to which every element brings a gap of its own: see
    /// [`DynamicSession::with_gap_of`].
    pub fn with_gap_of<T, G>(gap_of: G) -> DynamicSession<G>
    where
        G: Fn(&T) -> Duration,
    {
        DynamicSession::with_gap_of(gap_of)
    }

    /// The gap in nanoseconds.
    pub fn gap_ns(&self) -> i64 {
        self.gap
    }

    /// The window that a record at `time` brings before anything is merged; its
    /// end is saturated at the end of time.
    #[inline]
    pub fn window_of(&self, time: Timestamp) -> Window {
        from(time, self.gap)
    }
}

/// The window `[time, time + gap)`.
#[inline]
fn from(time: Timestamp, gap: i64) -> Window {
    Window::new(
        time,
        Timestamp::from_nanos(time.nanos().saturating_add(gap)),
    )
}

impl<T> WindowAssigner<T> for Session {
    const MERGES: bool = true;

    #[inline]
    fn assign(&self, time: Timestamp, _: &T, mut each: impl FnMut(Window)) {
        each(self.window_of(time));
    }

    #[inline(always)]
    fn only_window(&self, time: Timestamp) -> Option<Window> {
        Some(self.window_of(time))
    }
}

impl<T> WindowKind<T> for Session {
    type Store<K, A>
        = ListedWindows<Self, K, A::Accumulator>
    where
        K: Hash + Eq + Clone + Send + 'static,
        A: Aggregate<T>;

    fn store<K, A>(&self, lateness: Lateness, limit: StateLimit, _: &A) -> Self::Store<K, A>
    where
        K: Hash + Eq + Clone + Send + 'static,
        A: Aggregate<T>,
    {
        ListedWindows::new(*self, Trigger::event_time(), lateness, limit).of_length(self.gap)
    }
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "session, gap {:?}",
            Duration::from_nanos(self.gap.unsigned_abs())
        )
    }
}

/// Session windows to which every element brings a gap of its own; of the ends
/// of merged windows the furthest holds.
///
/// ```
/// use fluxus_windows::{Session, Timestamp, Window};
/// use std::time::Duration;
///
/// struct Click {
///     wait: Duration,
/// }
///
/// let sessions = Session::with_gap_of(|click: &Click| click.wait);
/// let click = Click { wait: Duration::from_secs(5) };
/// assert_eq!(
///     sessions.window_of(Timestamp::from_secs(1), &click),
///     Window::new(Timestamp::from_secs(1), Timestamp::from_secs(6)),
/// );
/// ```
#[derive(Clone, Copy)]
pub struct DynamicSession<G> {
    gap_of: G,
}

impl<G> DynamicSession<G> {
    /// Sessions in which `gap_of` says how long after an element its key must be
    /// silent. A gap of zero counts as 1 ns: every window holds its record.
    ///
    /// The same element has the same gap, whenever it is asked for.
    pub fn with_gap_of<T>(gap_of: G) -> Self
    where
        G: Fn(&T) -> Duration,
    {
        Self { gap_of }
    }

    /// The window that `value` at `time` brings before anything is merged; its
    /// end is saturated at the end of time.
    #[inline]
    pub fn window_of<T>(&self, time: Timestamp, value: &T) -> Window
    where
        G: Fn(&T) -> Duration,
    {
        from(time, saturating_nanos((self.gap_of)(value)).max(1))
    }
}

impl<T, G: Fn(&T) -> Duration> WindowAssigner<T> for DynamicSession<G> {
    const MERGES: bool = true;

    #[inline]
    fn assign(&self, time: Timestamp, value: &T, mut each: impl FnMut(Window)) {
        each(self.window_of(time, value));
    }
}

impl<T, G> WindowKind<T> for DynamicSession<G>
where
    G: Fn(&T) -> Duration + Clone + Send + 'static,
{
    type Store<K, A>
        = ListedWindows<Self, K, A::Accumulator>
    where
        K: Hash + Eq + Clone + Send + 'static,
        A: Aggregate<T>;

    fn store<K, A>(&self, lateness: Lateness, limit: StateLimit, _: &A) -> Self::Store<K, A>
    where
        K: Hash + Eq + Clone + Send + 'static,
        A: Aggregate<T>,
    {
        ListedWindows::new(self.clone(), Trigger::event_time(), lateness, limit)
    }
}

impl<G> fmt::Display for DynamicSession<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("session, a gap for each element")
    }
}

impl<G> fmt::Debug for DynamicSession<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DynamicSession")
    }
}

/// A session that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionError {
    gap_ns: i64,
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a session with a gap of {} ns would not hold even the record that opens it: \
             choose at least 1 ns",
            self.gap_ns
        )
    }
}

impl std::error::Error for SessionError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_brings_its_gap_and_never_more_than_time_has() {
        for (gap, time, expected) in [
            (3000, 0, (0, 3000)),
            (3000, -1, (-1, 2999)),
            (1, i64::MIN, (i64::MIN, i64::MIN + 1)),
            (10, i64::MAX - 3, (i64::MAX - 3, i64::MAX)),
            (i64::MAX, 5, (5, i64::MAX)),
            (1, i64::MAX, (i64::MAX, i64::MAX)),
        ] {
            let at = Timestamp::from_nanos(time);
            let window = Session::from_nanos(gap).unwrap().window_of(at);
            let own = Session::with_gap_of(|gap: &i64| Duration::from_nanos(*gap as u64));
            assert_eq!(own.window_of(at, &gap), window);
            let bounds = (window.start().nanos(), window.end().nanos());
            assert_eq!(bounds, expected, "gap {gap}, time {time}");
        }
    }

    #[test]
    fn a_gap_of_zero_is_refused_or_where_elements_bring_it_1_ns() {
        for result in [
            Session::from_nanos(0),
            Session::from_nanos(-5),
            Session::with_gap(Duration::ZERO),
        ] {
            let text = result.unwrap_err().to_string();
            assert!(text.contains("choose at least 1 ns"), "{text}");
        }
        let own = Session::with_gap_of(|gap: &Duration| *gap);
        let window = |gap| own.window_of(Timestamp::from_nanos(7), &gap);
        assert_eq!(window(Duration::ZERO), window(Duration::from_nanos(1)));
        assert_eq!(window(Duration::MAX).end(), Timestamp::MAX);
    }

    #[test]
    fn kinds_say_what_they_are() {
        let fixed = Session::with_gap(Duration::from_millis(1500)).unwrap();
        assert_eq!(fixed.to_string(), "session, gap 1.5s");
        let own = Session::with_gap_of(|gap: &Duration| *gap);
        assert_eq!(own.to_string(), "session, a gap for each element");
    }
}
