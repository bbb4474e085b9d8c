//! How much of a core each thread of this process used, from what Linux tells.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;

/// What a thread used of a core between two moments.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ThreadUse {
    /// Its name, as the system has it: cut at 15 bytes.
    pub thread: String,
    /// Of one core, in per cent.
    pub cpu_percent: f64,
    /// How long it wanted to run and was not let, in milliseconds.
    pub waited_ms: f64,
    /// How often it was taken off its core though it wanted to stay.
    pub preempted: u64,
}

/// The counters of every thread at one moment; empty where the system does not
/// tell.
pub(crate) struct Snapshot {
    at: Instant,
    threads: Vec<Counters>,
}

#[derive(Clone, Debug, PartialEq)]
struct Counters {
    id: u64,
    name: String,
    on_core: Duration,
    waited: Duration,
    preempted: u64,
}

impl Snapshot {
    /// Reads the counters of all threads of this process.
    pub(crate) fn take() -> Self {
        let threads = fs::read_dir("/proc/self/task").into_iter().flatten();
        Self {
            at: Instant::now(),
            threads: threads
                .filter_map(|entry| counters(&entry.ok()?.path()))
                .collect(),
        }
    }

    /// What each thread that was there at both moments used in between; those
    /// that used less than a thousandth of a core are left out.
    pub(crate) fn until(&self, later: &Snapshot) -> Vec<ThreadUse> {
        let elapsed = later.at.duration_since(self.at).as_secs_f64();
        let mut uses: Vec<ThreadUse> = later
            .threads
            .iter()
            .filter_map(|after| {
                let before = self.threads.iter().find(|before| before.id == after.id)?;
                Some(ThreadUse {
                    thread: after.name.clone(),
                    cpu_percent: 100.0 * after.on_core.saturating_sub(before.on_core).as_secs_f64()
                        / elapsed,
                    waited_ms: 1e3 * after.waited.saturating_sub(before.waited).as_secs_f64(),
                    preempted: after.preempted.saturating_sub(before.preempted),
                })
            })
            .filter(|used| used.cpu_percent >= 0.1)
            .collect();
        uses.sort_by(|a, b| a.thread.cmp(&b.thread));
        uses
    }
}

fn counters(task: &Path) -> Option<Counters> {
    let read = |name: &str| fs::read_to_string(task.join(name)).ok();
    let (on_core, waited) = parse_schedstat(&read("schedstat")?)?;
    Some(Counters {
        id: task.file_name()?.to_str()?.parse().ok()?,
        name: read("comm")?.trim_end().to_owned(),
        on_core,
        waited,
        preempted: parse_preempted(&read("status")?).unwrap_or(0),
    })
}

/// Time on a core and time in the queue for one: the first two numbers.
fn parse_schedstat(text: &str) -> Option<(Duration, Duration)> {
    let mut numbers = text.split_ascii_whitespace().map(str::parse);
    let mut next = || Some(Duration::from_nanos(numbers.next()?.ok()?));
    Some((next()?, next()?))
}

fn parse_preempted(status: &str) -> Option<u64> {
    status
        .lines()
        .find_map(|line| line.strip_prefix("nonvoluntary_ctxt_switches:"))?
        .trim()
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counters_are_read() {
        let nanos = Duration::from_nanos;
        assert_eq!(
            parse_schedstat("3666 2268766 2\n"),
            Some((nanos(3_666), nanos(2_268_766)))
        );
        assert_eq!(parse_schedstat("3666"), None);
        assert_eq!(parse_schedstat(""), None);
        let status = "voluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t42\n";
        assert_eq!(parse_preempted(status), Some(42));
        assert_eq!(parse_preempted("Name: a"), None);
    }

    #[test]
    fn shares_are_of_the_time_between_and_threads_are_told_apart() {
        let at = Instant::now();
        let thread = |id, on_core_ms, waited_ms, preempted| Counters {
            id,
            name: format!("thread {id}"),
            on_core: Duration::from_millis(on_core_ms),
            waited: Duration::from_millis(waited_ms),
            preempted,
        };
        let before = Snapshot {
            at,
            threads: vec![thread(1, 100, 5, 3), thread(2, 50, 0, 0)],
        };
        let after = Snapshot {
            at: at + Duration::from_secs(2),
            threads: vec![
                thread(2, 50, 0, 0),
                thread(1, 1_100, 7, 10),
                thread(3, 9, 0, 0),
            ],
        };
        let uses = before.until(&after);
        assert_eq!(uses.len(), 1, "one did nothing, one is new: {uses:?}");
        assert!((uses[0].cpu_percent - 50.0).abs() < 1e-9);
        assert!((uses[0].waited_ms - 2.0).abs() < 1e-9);
        assert_eq!(
            (uses[0].thread.as_str(), uses[0].preempted),
            ("thread 1", 7)
        );
    }
}
