//! Sleep when there is no work, without missing the work that comes meanwhile.

use crate::orderings::{
    PREPARE_BY_STORE, PREPARE_SWAP, SEQUENTIAL_FENCE, SKIP_PREPARE_FENCE, SKIP_WAKE_FENCE,
    WAKE_SWAP,
};
use crate::sync::{fence, Arc, AtomicBool, Deadline, Sleeper};
use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// Puts one thread to sleep until a [`Waker`] of its calls.
///
/// Going to sleep takes three steps, and the middle one belongs to the caller:
///
/// ```text
///  sleeper                        whoever brings work
///  -------                        -------------------
///  prepare()   "I am asleep"      publish the work
///      | fence                        | fence
///  look for work once more        wake():  asleep? then unpark
///      |
///  work: cancel()   none: park()
/// ```
///
/// Each side writes first and looks second, with a sequentially consistent
/// fence between, so at least one of them sees what the other wrote: the
/// sleeper finds the work, or the waker finds the sleeper.
///
/// ```
/// use std::time::Duration;
///
/// let parker = fluxus_ringbuf::Parker::new();
/// let waker = parker.waker();
/// parker.prepare();
/// waker.wake(); // from any thread
/// parker.park(Some(Duration::from_secs(60))); // comes back at once
/// ```
#[derive(Debug)]
pub struct Parker {
    shared: Arc<Shared>,
    /// One thread prepares and parks: not `Sync`.
    one_thread: PhantomData<Cell<()>>,
}

/// # Invariants
///
/// - Only the sleeper raises `asleep`, and it has told `sleeper` its thread
///   before it does so for the first time.
/// - Whoever lowers it for the sleeper unparks the sleeper.
/// - Every change of `asleep` is an exchange: so all changes stand in one order,
///   and a late waker's cannot hide a newer announcement from the next waker.
#[derive(Debug)]
struct Shared {
    asleep: AtomicBool,
    sleeper: Sleeper,
}

impl Default for Parker {
    fn default() -> Self {
        Self::new()
    }
}

impl Parker {
    /// A parker for the thread that will first call
    /// [`prepare`](Parker::prepare); until then it may move.
    pub fn new() -> Self {
        Self {
            shared: Arc::new(Shared {
                asleep: AtomicBool::new(false),
                sleeper: Sleeper::new(),
            }),
            one_thread: PhantomData,
        }
    }

    /// A handle that wakes this parker's thread.
    pub fn waker(&self) -> Waker {
        Waker {
            shared: self.shared.clone(),
        }
    }

    /// Announces that this thread is about to sleep.
    ///
    /// Look for work once more after this, everywhere it may come from, and
    /// then [`cancel`](Parker::cancel) or [`park`](Parker::park). Always call
    /// it from the same thread.
    pub fn prepare(&self) {
        self.shared.sleeper.learn_current_thread();
        // Release, pairs with the Acquire in `Waker::unpark`: who sees the
        // sleeper asleep also sees which thread it is.
        if PREPARE_BY_STORE {
            self.shared.asleep.store(true, PREPARE_SWAP);
        } else {
            self.shared.asleep.swap(true, PREPARE_SWAP);
        }
        if !SKIP_PREPARE_FENCE {
            // SeqCst, pairs with the fence in `Waker::wake`: the flag is up
            // before the caller looks for work.
            fence(SEQUENTIAL_FENCE);
        }
    }

    /// Takes the announcement back: there is work after all.
    pub fn cancel(&self) {
        // Relaxed: a waker that misses it only unparks a thread that is awake,
        // and `park` does not take a stale unpark for a wake-up.
        self.shared.asleep.swap(false, Relaxed);
    }

    /// Sleeps until woken, or for `limit` at most; at once awake again when
    /// woken since [`prepare`](Parker::prepare) or never prepared.
    ///
    /// Being woken is a hint: look for work, and when there is none, prepare
    /// again.
    pub fn park(&self, limit: Option<Duration>) {
        let deadline = Deadline::after(limit);
        // Relaxed: the flag carries no data. The work is found by looking for
        // it, and a look that comes too early is followed by another
        // `prepare`, whose fence comes after that of the waker.
        while self.shared.asleep.load(Relaxed) {
            if !deadline.sleep() {
                self.cancel();
                return;
            }
        }
    }
}

/// Wakes the thread of one [`Parker`], from any thread; clones are equal.
#[derive(Debug, Clone)]
pub struct Waker {
    shared: Arc<Shared>,
}

impl Waker {
    /// Wakes the sleeper if it sleeps or is about to.
    ///
    /// Call it after the work is published. When nobody sleeps, the common
    /// case, it costs one fence and one load.
    #[inline]
    pub fn wake(&self) {
        if !SKIP_WAKE_FENCE {
            // SeqCst, pairs with the fence in `Parker::prepare`: the work is
            // published before the flag is looked at.
            fence(SEQUENTIAL_FENCE);
        }
        // Relaxed: the fence orders it; what must be acquired, the swap does.
        if self.shared.asleep.load(Relaxed) {
            self.unpark();
        }
    }

    #[cold]
    fn unpark(&self) {
        // Acquire, pairs with the Release in `Parker::prepare`: the thread's
        // name comes with the flag. Of several wakers only one unparks.
        if self.shared.asleep.swap(false, WAKE_SWAP) {
            self.shared.sleeper.unpark();
        }
    }
}
