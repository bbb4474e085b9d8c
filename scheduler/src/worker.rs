use std::panic::{catch_unwind, AssertUnwindSafe};
use std::thread;
use std::time::Duration;

use fluxus_ringbuf::Parker;

use crate::crew::{Crew, Ended};
use crate::idle::{Patience, Rest, PARK_LIMIT, PARK_MARGIN};
use crate::tally::Tally;
use crate::{Control, Seat, Task};

/// The tasks of one worker, and what it sleeps on, as handed to
/// [`launch`](crate::launch).
pub struct Worker {
    /// The tasks, polled in this order; there may be none.
    pub tasks: Vec<Box<dyn Task>>,
    /// Puts the worker to sleep. Its wakers belong to the
    /// [`Control`] and to whoever brings the tasks work.
    pub parker: Parker,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker")
            .field("tasks", &self.tasks.len())
            .field("parker", &self.parker)
            .finish()
    }
}

/// Polls the tasks until all are done, one of them fails, or the job stops.
pub(crate) fn work(
    number: usize,
    worker: Worker,
    seat: Seat,
    control: &Control,
    budget: usize,
    tally: Tally,
) -> Ended {
    let Worker { tasks, parker } = worker;
    let mut crew = Crew::new(Some(number), tasks, budget, tally);
    let patience = Patience::new(seat.idle, seat.shared);
    // Once around all the rounds: after a panic nobody here is polled again.
    let rounds =
        AssertUnwindSafe(|| keep_polling(&mut crew, &parker, PARK_LIMIT, patience, control));
    if let Err(payload) = catch_unwind(rounds) {
        crew.caught(payload);
    }
    crew.end(control)
}

fn keep_polling(
    crew: &mut Crew,
    parker: &Parker,
    park_limit: Duration,
    mut patience: Patience,
    control: &Control,
) {
    let mut announced = false;
    while crew.live() > 0 && !control.is_stopping() {
        let progress = crew.round();
        if crew.has_failed() {
            return;
        }
        if progress {
            if announced {
                parker.cancel();
                announced = false;
            }
            patience.reset();
            continue;
        }
        // None: something is due too soon for that.
        let park_limit = match crew.soonest() {
            None => Some(park_limit),
            Some(soonest) => soonest
                .checked_sub(PARK_MARGIN)
                .map(|time| time.min(park_limit)),
        };
        if announced {
            match park_limit {
                // Nothing came between the announcement and this round, nor a
                // stop; whatever came since has woken us already.
                Some(_) => {
                    crew.tally().park();
                    parker.park(park_limit);
                }
                None => parker.cancel(),
            }
            announced = false;
            continue;
        }
        match patience.next() {
            Rest::Not => {}
            Rest::Spin => std::hint::spin_loop(),
            Rest::Park if park_limit.is_some() => {
                parker.prepare();
                announced = true;
            }
            Rest::Yield | Rest::Park => thread::yield_now(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tally::tally;
    use crate::{Fault, IdleStrategy, Step};
    use fluxus_ringbuf::Waker;
    use std::sync::mpsc::{channel, Receiver};

    /// As good as for ever: only a wake-up ends a park of this length in time.
    const FOR_EVER: Duration = Duration::from_secs(3_600);

    /// When a test that hangs is given up.
    const PATIENCE: Duration = Duration::from_secs(60);

    /// Done when it gets a word, or when the job drains.
    struct Listener {
        word: Receiver<()>,
        control: Control,
    }

    impl Task for Listener {
        fn name(&self) -> &str {
            "listener"
        }
        fn poll(&mut self, _budget: usize) -> Result<Step, Fault> {
            let done = self.word.try_recv().is_ok() || self.control.is_draining();
            Ok(if done { Step::Done } else { Step::Idle })
        }
        fn abort(&mut self) {}
    }

    /// When the worker is roused.
    #[derive(Clone, Copy, PartialEq)]
    enum When {
        /// Certainly asleep, or past its last look for work.
        Asleep,
        /// At any point on its way there.
        OnTheWay,
    }

    /// Parks a worker for ever, rouses it, and says whether its task got done.
    fn roused_by(when: When, rouse: impl FnOnce(&Control, &dyn Fn())) -> bool {
        let parker = Parker::new();
        let waker = parker.waker();
        let control = Control::new(vec![waker.clone()]);
        let (speak, word) = channel();
        let task = Listener {
            word,
            control: control.clone(),
        };
        let (tally, gauges) = tally();
        let (gone_home, home) = channel();
        let theirs = control.clone();
        let worker = thread::spawn(move || {
            let mut crew = Crew::new(Some(0), vec![Box::new(task)], 1, tally);
            let patience = Patience::new(IdleStrategy::Park, true);
            keep_polling(&mut crew, &parker, FOR_EVER, patience, &theirs);
            let done = crew.live() == 0;
            drop(crew.end(&theirs));
            let _ = gone_home.send(done);
        });
        while when == When::Asleep && gauges.report(0, None, &[]).parks == 0 {
            thread::yield_now();
        }
        rouse(&control, &|| {
            let _ = speak.send(());
            waker.wake();
        });
        let done = home.recv_timeout(PATIENCE).expect("the wake-up was lost");
        worker.join().expect("it ended well");
        if when == When::Asleep {
            assert_eq!(gauges.report(0, None, &[]).parks, 1, "it slept through");
        }
        done
    }

    #[test]
    fn a_parked_worker_wakes_for_work_drain_and_stop() {
        for when in [When::Asleep, When::OnTheWay] {
            for _ in 0..200 {
                assert!(roused_by(when, |_, speak| speak()));
                assert!(roused_by(when, |control, _| control.drain()));
                assert!(!roused_by(when, |control, _| control.stop()));
                assert!(!roused_by(when, |control, _| control.halt()));
            }
        }
    }

    /// Finds nothing, and what it looked for comes the moment it has looked.
    struct Missed {
        polls: u64,
        /// In which poll that happens.
        moment: u64,
        stop: bool,
        waker: Waker,
        control: Control,
    }

    impl Task for Missed {
        fn name(&self) -> &str {
            "missed"
        }
        fn poll(&mut self, _budget: usize) -> Result<Step, Fault> {
            self.polls += 1;
            if self.polls > self.moment {
                return Ok(Step::Done);
            }
            if self.polls == self.moment {
                if self.stop {
                    self.control.stop();
                } else {
                    self.waker.wake();
                }
            }
            Ok(Step::Idle)
        }
        fn abort(&mut self) {}
    }

    #[test]
    fn what_comes_between_the_look_and_the_sleep_is_not_missed() {
        // Polls 1 and 2 come before and after the announcement.
        for (moment, stop) in [(1, false), (2, false), (1, true), (2, true)] {
            let parker = Parker::new();
            let waker = parker.waker();
            let control = Control::new(vec![waker.clone()]);
            let task = Missed {
                polls: 0,
                moment,
                stop,
                waker,
                control: control.clone(),
            };
            let (tally, _) = tally();
            let (gone_home, home) = channel();
            let worker = thread::spawn(move || {
                let mut crew = Crew::new(Some(0), vec![Box::new(task)], 1, tally);
                let patience = Patience::new(IdleStrategy::Park, true);
                keep_polling(&mut crew, &parker, FOR_EVER, patience, &control);
                let _ = gone_home.send(crew.live());
                drop(crew.end(&control));
            });
            let live = home.recv_timeout(PATIENCE).expect("it was missed");
            assert_eq!(live, usize::from(stop), "{moment} {stop}");
            worker.join().expect("it ended well");
        }
    }

    /// Asks to be left alone for so long, each time that it is polled, and is
    /// done at the poll after the last.
    struct Alarm {
        times: std::vec::IntoIter<Duration>,
    }

    impl Task for Alarm {
        fn name(&self) -> &str {
            "alarm"
        }
        fn poll(&mut self, _budget: usize) -> Result<Step, Fault> {
            Ok(self.times.next().map_or(Step::Done, Step::IdleFor))
        }
        fn abort(&mut self) {}
    }

    #[test]
    fn a_task_that_says_when_is_polled_by_then_though_nobody_wakes_the_worker() {
        let soon = Duration::from_millis(5);
        let at_once = PARK_MARGIN / 2;
        // Polled once before the announcement and once behind it, then parked for
        // the shorter time; or not at all, where something is due at once.
        let table = [
            (vec![soon; 2], vec![FOR_EVER; 2], 1),
            (vec![FOR_EVER; 2], vec![soon; 2], 1),
            (vec![at_once; 9], vec![FOR_EVER; 9], 0),
            (vec![soon, at_once], vec![FOR_EVER; 2], 0),
        ];
        for (one, other, parks) in table {
            let parker = Parker::new();
            let control = Control::new(vec![parker.waker()]);
            let (tally, gauges) = tally();
            let (gone_home, home) = channel();
            let worker = thread::spawn(move || {
                let alarms = [one, other].map(|times| {
                    let times = times.into_iter();
                    Box::new(Alarm { times }) as Box<dyn Task>
                });
                let mut crew = Crew::new(Some(0), alarms.into(), 1, tally);
                let patience = Patience::new(IdleStrategy::Park, true);
                keep_polling(&mut crew, &parker, FOR_EVER, patience, &control);
                let _ = gone_home.send(crew.live());
                drop(crew.end(&control));
            });
            let live = home.recv_timeout(PATIENCE).expect("it slept past it");
            worker.join().expect("it ended well");
            assert_eq!((live, gauges.report(0, None, &[]).parks), (0, parks));
        }
    }
}
