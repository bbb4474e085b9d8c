use fluxus_ringbuf::{counter, CounterReader, CounterWriter};

use crate::{Step, WorkerReport};

/// Makes both ends of a worker's counters.
pub(crate) fn tally() -> (Tally, Gauges) {
    let (polls, polls_seen) = counter();
    let (busy, busy_seen) = counter();
    let (idle, idle_seen) = counter();
    let (blocked, blocked_seen) = counter();
    let (parks, parks_seen) = counter();
    let (polling, polling_seen) = counter();
    let tally = Tally {
        polls,
        busy,
        idle,
        blocked,
        parks,
        polling,
        round: Counts::default(),
    };
    let gauges = Gauges {
        polls: polls_seen,
        busy: busy_seen,
        idle: idle_seen,
        blocked: blocked_seen,
        parks: parks_seen,
        polling: polling_seen,
    };
    (tally, gauges)
}

/// The worker's end: counts in plain numbers, publishes once a round.
#[derive(Debug)]
pub(crate) struct Tally {
    polls: CounterWriter,
    busy: CounterWriter,
    idle: CounterWriter,
    blocked: CounterWriter,
    parks: CounterWriter,
    /// The place of the task being polled, from 1; 0 between rounds.
    polling: CounterWriter,
    round: Counts,
}

#[derive(Debug, Default)]
struct Counts {
    polls: u64,
    busy: u64,
    idle: u64,
    blocked: u64,
}

impl Tally {
    /// A poll of the task that had this place at the start begins; it may
    /// never come back, so it is the one thing published at once.
    #[inline]
    pub(crate) fn poll(&mut self, place: usize) {
        self.round.polls += 1;
        self.polling.set(place as u64 + 1);
    }

    /// The poll came back with this.
    #[inline]
    pub(crate) fn step(&mut self, step: Step) {
        match step {
            Step::Progress | Step::Done => self.round.busy += 1,
            Step::Idle | Step::IdleFor(_) => self.round.idle += 1,
            Step::Blocked => self.round.blocked += 1,
        }
    }

    pub(crate) fn park(&mut self) {
        self.parks.add(1);
    }

    /// Lets the others see what was counted since the last time.
    #[inline]
    pub(crate) fn publish(&mut self) {
        let round = std::mem::take(&mut self.round);
        self.busy.add(round.busy);
        self.idle.add(round.idle);
        self.blocked.add(round.blocked);
        // Last, so that whoever reads it first never sees more steps than polls.
        self.polls.add(round.polls);
        self.polling.set(0);
    }
}

/// The other end: reads the counters of a worker at any time.
#[derive(Debug)]
pub(crate) struct Gauges {
    polls: CounterReader,
    busy: CounterReader,
    idle: CounterReader,
    blocked: CounterReader,
    parks: CounterReader,
    polling: CounterReader,
}

impl Gauges {
    /// `names` are those of the tasks, in the places they had at the start.
    pub(crate) fn report(
        &self,
        worker: usize,
        core: Option<usize>,
        names: &[String],
    ) -> WorkerReport {
        let before = self.polls.value();
        let place = self.polling.value();
        let polls = self.polls.value();
        WorkerReport {
            worker,
            core,
            polls,
            busy: self.busy.value(),
            idle: self.idle.value(),
            blocked: self.blocked.value(),
            parks: self.parks.value(),
            polling: usize::try_from(place)
                .ok()
                // A round that ended meanwhile has taken its place with it.
                .filter(|_| before == polls)
                .and_then(|place| place.checked_sub(1))
                .and_then(|place| names.get(place))
                .cloned(),
        }
    }
}
