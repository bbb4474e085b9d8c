use crate::{Aggregate, Lateness, ListedWindows, StateLimit, Trigger, WindowAssigner, WindowKind};
use std::fmt;
use std::hash::Hash;

/// Windows of any [`WindowAssigner`], with a [`Trigger`] that says when they
/// give results.
///
/// Such windows are kept one by one: a record is folded into every window that it
/// lies in. Of sliding windows those are the size divided by the slide, where
/// without a trigger they share slices and a record is folded once. A slide of a
/// thousandth of the size takes a thousand folds a record here, and as many live
/// windows a key; a tumbling window as long as the slide, with the trigger, and
/// sliding windows behind it, take few.
///
/// ```
/// use fluxus_windows::{Session, Trigger, Triggered};
/// use std::time::Duration;
///
/// let visits = Session::with_gap(Duration::from_secs(1800))?;
/// let every_minute = Trigger::event_time().early_every(Duration::from_secs(60))?;
/// let kind = Triggered::new(visits, every_minute);
/// assert_eq!(kind.to_string(), "session, gap 1800s, early every 60s");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Triggered<W> {
    windows: W,
    trigger: Trigger,
}

impl<W> Triggered<W> {
    /// The windows of `windows`, fired by `trigger`.
    pub fn new(windows: W, trigger: Trigger) -> Self {
        Self { windows, trigger }
    }

    /// What says where the windows lie.
    pub fn windows(&self) -> &W {
        &self.windows
    }

    /// What says when they give results.
    pub fn trigger(&self) -> Trigger {
        self.trigger
    }
}

impl<T, W> WindowKind<T> for Triggered<W>
where
    W: WindowAssigner<T> + Clone + Send + fmt::Display + 'static,
{
    type Store<K, A>
        = ListedWindows<W, K, A::Accumulator>
    where
        K: Hash + Eq + Clone + Send + 'static,
        A: Aggregate<T>;

    fn store<K, A>(&self, lateness: Lateness, limit: StateLimit, _: &A) -> Self::Store<K, A>
    where
        K: Hash + Eq + Clone + Send + 'static,
        A: Aggregate<T>,
    {
        ListedWindows::new(self.windows.clone(), self.trigger, lateness, limit)
    }
}

impl<W: fmt::Display> fmt::Display for Triggered<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.windows)?;
        match self.trigger == Trigger::event_time() {
            true => Ok(()),
            false => write!(f, ", {}", self.trigger),
        }
    }
}
