//! Where atomics and threads come from: `std`, or loom's models of them.

#[cfg(not(loom))]
mod real {
    use std::sync::OnceLock;
    use std::thread::{self, Thread};
    use std::time::{Duration, Instant};

    pub(crate) use std::sync::atomic::{fence, AtomicBool, AtomicU64};
    pub(crate) use std::sync::Arc;

    /// The thread to unpark, known from its first nap on.
    #[derive(Debug)]
    pub(crate) struct Sleeper(OnceLock<Thread>);

    impl Sleeper {
        pub(crate) fn new() -> Self {
            Self(OnceLock::new())
        }

        /// Called by the thread that will sleep; only the first call counts.
        pub(crate) fn learn_current_thread(&self) {
            self.0.get_or_init(thread::current);
        }

        pub(crate) fn unpark(&self) {
            if let Some(thread) = self.0.get() {
                thread.unpark();
            }
        }
    }

    /// When a nap ends at the latest.
    pub(crate) struct Deadline(Option<Instant>);

    impl Deadline {
        /// A limit beyond the end of the clock is no limit.
        pub(crate) fn after(limit: Option<Duration>) -> Self {
            Self(limit.and_then(|limit| Instant::now().checked_add(limit)))
        }

        /// Sleeps until unparked, for no reason at all, or until the deadline;
        /// false when the deadline had already passed.
        pub(crate) fn sleep(&self) -> bool {
            let Some(end) = self.0 else {
                thread::park();
                return true;
            };
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            thread::park_timeout(left);
            true
        }
    }
}

#[cfg(loom)]
mod model {
    use loom::cell::UnsafeCell;
    use loom::thread::{self, Thread};
    use std::cell::Cell;
    use std::time::Duration;

    pub(crate) use loom::sync::atomic::{fence, AtomicBool, AtomicU64, AtomicU8, AtomicUsize};
    pub(crate) use loom::sync::Arc;

    /// As the real one, but without the synchronisation inside a `OnceLock`:
    /// loom fails when the orderings of the parker alone do not carry it over.
    #[derive(Debug)]
    pub(crate) struct Sleeper {
        thread: UnsafeCell<Option<Thread>>,
        /// Written and read by the sleeping thread only.
        known: Cell<bool>,
    }

    // SAFETY: `known` belongs to the thread that sleeps; `thread` is written
    // once, and loom checks that every read comes after.
    #[allow(unsafe_code)]
    unsafe impl Sync for Sleeper {}

    impl Sleeper {
        pub(crate) fn new() -> Self {
            Self {
                thread: UnsafeCell::new(None),
                known: Cell::new(false),
            }
        }

        pub(crate) fn learn_current_thread(&self) {
            if self.known.replace(true) {
                return;
            }
            #[allow(unsafe_code)]
            self.thread.with_mut(|thread| {
                // SAFETY: loom fails the test if anything else is under way.
                unsafe { *thread = Some(thread::current()) }
            });
        }

        pub(crate) fn unpark(&self) {
            #[allow(unsafe_code)]
            self.thread.with(|thread| {
                // SAFETY: loom fails the test if a write is under way.
                unsafe { (*thread).as_ref() }
                    .expect("the sleeper is known before it is seen asleep")
                    .unpark();
            });
        }
    }

    /// Loom has no clock: a limit counts as passed at the second look.
    pub(crate) struct Deadline(Cell<Option<bool>>);

    impl Deadline {
        pub(crate) fn after(limit: Option<Duration>) -> Self {
            Self(Cell::new(limit.map(|_| false)))
        }

        pub(crate) fn sleep(&self) -> bool {
            match self.0.get() {
                None => {
                    thread::park();
                    true
                }
                Some(false) => {
                    self.0.set(Some(true));
                    thread::yield_now();
                    true
                }
                Some(true) => false,
            }
        }
    }
}

#[cfg(not(loom))]
pub(crate) use real::*;

#[cfg(loom)]
pub(crate) use model::*;
