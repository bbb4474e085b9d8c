use crate::WallClock;
use fluxus_ringbuf::{counter, CounterReader, CounterWriter};
use fluxus_windows::Timestamp;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// When the operators of a stage want to be called next, though nothing comes: the
/// stage tells its worker, which does not sleep longer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Alarms(Arc<Mutex<Vec<CounterReader>>>);

/// One operator's part of it.
#[derive(Debug)]
pub(crate) struct Alarm(CounterWriter);

/// No alarm is set.
const NONE: u64 = 0;

impl Alarms {
    /// An alarm for another operator of the stage.
    pub(crate) fn alarm(&self) -> Alarm {
        let (writer, reader) = counter();
        let mut readers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        readers.push(reader);
        Alarm(writer)
    }

    /// Those that there are once the chain of the stage is made.
    pub(crate) fn readers(&self) -> Vec<CounterReader> {
        let readers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        readers.clone()
    }
}

impl Alarm {
    /// Sets it to this time of the wall, or to none.
    pub(crate) fn set(&mut self, time: Option<Timestamp>) {
        self.0.set(match time {
            Some(time) => u64::try_from(time.nanos()).map_or(1, |nanos| nanos + 1),
            None => NONE,
        });
    }
}

/// How long it is until the first of the alarms, if any is set.
pub(crate) fn first_of(readers: &[CounterReader], wall: &dyn WallClock) -> Option<Duration> {
    let set = readers.iter().map(CounterReader::value);
    let first = set.filter(|&value| value != NONE).min()?;
    let now = u64::try_from(wall.now().nanos()).unwrap_or(0);
    Some(Duration::from_nanos((first - 1).saturating_sub(now)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ManualClock;

    #[test]
    fn the_first_alarm_that_is_set_counts() {
        let clock = ManualClock::at(Timestamp::from_nanos(100));
        let alarms = Alarms::default();
        let (mut one, mut other) = (alarms.alarm(), alarms.alarm());
        let readers = alarms.readers();
        let at = |nanos| Some(Timestamp::from_nanos(nanos));
        let wait = |nanos| Some(Duration::from_nanos(nanos));
        assert_eq!(first_of(&readers, &clock), None);
        for (first, second, expected) in [
            (at(170), None, wait(70)),
            (at(170), at(130), wait(30)),
            (at(100), at(130), wait(0)),
            (at(i64::MIN), None, wait(0)),
            (None, at(i64::MAX), wait(i64::MAX as u64 - 100)),
            (None, None, None),
        ] {
            one.set(first);
            other.set(second);
            assert_eq!(first_of(&readers, &clock), expected);
        }
    }
}
