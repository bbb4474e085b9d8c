use super::{Rejected, Rejection};
use crate::exchange::SideOutput;
use crate::metrics::Measure;
use crate::{Flow, Instance, Name, Record, WhenFull};
use fluxus_ringbuf::CounterWriter;
use fluxus_windows::StateStats;

/// What is counted of the state of a keyed operator, and what happens when it is
/// full.
pub(super) struct KeyMeters {
    name: Name,
    instance: Instance,
    keys: CounterWriter,
    keys_held: CounterWriter,
    grown: CounterWriter,
    refused: CounterWriter,
}

impl KeyMeters {
    pub(super) fn new(name: &Name, instance: &Instance) -> Self {
        let counter = |measure| instance.counter(name, measure);
        Self {
            name: name.clone(),
            instance: instance.clone(),
            keys: counter(Measure::KeysHighWater),
            keys_held: counter(Measure::KeysHeld),
            grown: counter(Measure::StateGrown),
            refused: counter(Measure::Refused),
        }
    }

    pub(super) fn report(&mut self, stats: StateStats) {
        self.keys.set(stats.keys_high_water as u64);
        self.keys_held.set(stats.keys as u64);
        self.grown.set(stats.grown);
    }

    /// A record came whose key is new, and so many keys are held: it goes aside, or
    /// the job fails.
    #[cold]
    pub(super) fn state_is_full<T>(
        &mut self,
        limit: usize,
        record: Record<T>,
        side: &mut SideOutput<Rejected<T>>,
    ) -> Flow {
        if self.instance.when_full == WhenFull::Fail {
            return self.fail(format!(
                "its state holds {limit} keys, which is key_limit, and another one came: \
                 raise Config::key_limit, use more workers, give the state a time to live \
                 with expire_after, or let records be rejected with \
                 Config::when_full(WhenFull::Reject)"
            ));
        }
        self.refused.add(1);
        let reason = Rejection::StateFull;
        let Record { time, value } = record;
        side.push(time, Rejected { value, reason })
    }

    #[cold]
    pub(super) fn fail(&self, problem: String) -> Flow {
        self.instance.fail(&self.name, problem)
    }
}
