//! Two pinned threads, one that sends and one that takes.

use std::hint::spin_loop;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use super::Passed;
use crate::pin_thread;

/// Spins a little, then lets others run.
///
/// All rings that do not wait by themselves wait like this: longer spinning is
/// quicker only until both threads land on one core.
pub(super) struct Wait(u32);

impl Wait {
    pub(super) fn pause(&mut self) {
        if self.0 < 64 {
            self.0 += 1;
            spin_loop();
        } else {
            thread::yield_now();
        }
    }

    pub(super) fn reset(&mut self) {
        self.0 = 0;
    }
}

/// Runs `send` on the first core and `take`, which sums the records, on the second.
pub(super) fn between(
    records: u64,
    cores: &[usize],
    send: impl FnOnce(&mut Wait) + Send,
    take: impl FnOnce(&mut Wait) -> u64 + Send,
) -> Result<Passed, String> {
    let start_line = Barrier::new(2);
    let failed = |_| "one side of the ring failed".to_owned();
    thread::scope(|scope| {
        let sender = scope.spawn(|| {
            pin_thread(cores, 0);
            start_line.wait();
            let start = Instant::now();
            send(&mut Wait(0));
            start
        });
        let receiver = scope.spawn(|| {
            pin_thread(cores, 1);
            start_line.wait();
            let sum = take(&mut Wait(0));
            (Instant::now(), sum)
        });
        let start = sender.join().map_err(failed)?;
        let (end, sum) = receiver.join().map_err(failed)?;
        // The sum of the numbers below `records`, wrapping.
        let expected = (u128::from(records) * u128::from(records - 1) / 2) as u64;
        Ok(Passed {
            time: end - start,
            sum_ok: sum == expected,
        })
    })
}
