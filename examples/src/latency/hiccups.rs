use fluxus_perf::latency::{histogram, Distribution};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long the thread sleeps at a time.
const NAP: Duration = Duration::from_millis(1);

/// A thread that does nothing but sleep and look how much too late it woke: what
/// the machine does to every thread, whatever the engine does. (The idea is that
/// of jHiccup.)
pub(crate) struct Hiccups {
    stop: mpsc::Sender<()>,
    thread: JoinHandle<Distribution>,
}

impl Hiccups {
    pub(crate) fn start() -> Self {
        let (stop, stopped) = mpsc::channel();
        let thread = thread::spawn(move || {
            let mut samples = histogram();
            loop {
                let before = Instant::now();
                match stopped.recv_timeout(NAP) {
                    Err(RecvTimeoutError::Timeout) => {}
                    _ => return Distribution::of(samples),
                }
                let late = before.elapsed().saturating_sub(NAP).as_nanos();
                samples.saturating_record(u64::try_from(late).unwrap_or(u64::MAX).max(1));
            }
        });
        Self { stop, thread }
    }

    pub(crate) fn stop(self) -> Distribution {
        drop(self.stop);
        let joined = self.thread.join();
        joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}
