use crate::metrics::Measure;
use crate::{Flow, Instance, Name, WhenFull};
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

    /// A record came whose key is new, and so many keys are held.
    #[cold]
    pub(super) fn state_is_full(&mut self, limit: usize) -> Flow {
        if self.instance.when_full == WhenFull::Reject {
            self.refused.add(1);
            return Flow::Open;
        }
        self.fail(format!(
            "its state holds {limit} keys, which is key_limit, and another one came: \
             raise Config::key_limit, use more workers, give the state a time to live with \
             expire_after, or let records be refused with Config::when_full(WhenFull::Reject)"
        ))
    }

    #[cold]
    pub(super) fn fail(&self, problem: String) -> Flow {
        self.instance.fail(&self.name, problem)
    }
}
