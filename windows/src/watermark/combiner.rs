use crate::Timestamp;

/// What an input of a [`WatermarkCombiner`] says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputStatus {
    /// Records and watermarks come from it: it holds the others back.
    Active,
    /// It has nothing to say for now and holds nobody back.
    Idle,
    /// It has ended and holds nobody back, for ever.
    Ended,
}

#[derive(Clone, Debug)]
struct Input {
    watermark: Timestamp,
    status: InputStatus,
    /// Whether the input counts: one that returns from idleness behind the
    /// combined watermark counts again once it has caught up.
    aligned: bool,
}

/// What changed downstream of a [`WatermarkCombiner`] after one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Combined {
    /// The combined watermark, when it rose.
    pub watermark: Option<Timestamp>,
    /// `Idle` after the watermark, `Active` before it, when that changed.
    pub status: Option<InputStatus>,
}

/// The watermark of a stream that has several inputs.
///
/// It is the minimum over the inputs that are neither idle nor ended. An input
/// that has sent nothing yet holds the others back. When the last active input
/// turns idle the maximum is flushed; when all have ended it is
/// [`Timestamp::MAX`]. It never goes back.
///
/// The rules are those of Flink's `StatusWatermarkValve`, with its repairs of
/// 2026 for inputs that return from idleness.
///
/// ```
/// use fluxus_windows::{Timestamp, WatermarkCombiner};
///
/// let at = Timestamp::from_nanos;
/// let mut combiner = WatermarkCombiner::new(2);
/// assert_eq!(combiner.watermark(0, at(7)).watermark, None);
/// assert_eq!(combiner.watermark(1, at(10)).watermark, Some(at(7)));
/// assert_eq!(combiner.ended(0).watermark, Some(at(10)));
/// ```
#[derive(Clone, Debug)]
pub struct WatermarkCombiner {
    inputs: Vec<Input>,
    last: Timestamp,
    idle: bool,
}

impl WatermarkCombiner {
    /// A combiner of `inputs` inputs, all active and silent.
    pub fn new(inputs: usize) -> Self {
        let silent = Input {
            watermark: Timestamp::MIN,
            status: InputStatus::Active,
            aligned: true,
        };
        Self {
            inputs: vec![silent; inputs],
            last: Timestamp::MIN,
            idle: false,
        }
    }

    /// The combined watermark as it stands.
    pub fn current(&self) -> Timestamp {
        self.last
    }

    /// Whether input `index` holds the others back: it is active, and not
    /// behind the combined watermark after it was idle. From here on the
    /// combined watermark stays at or below this input's, until it turns idle or
    /// ends.
    pub fn is_aligned(&self, index: usize) -> bool {
        let input = self.inputs.get(index);
        input.is_some_and(|input| input.status == InputStatus::Active && input.aligned)
    }

    /// Whether every input has ended.
    pub fn has_ended(&self) -> bool {
        self.inputs.iter().all(|i| i.status == InputStatus::Ended)
    }

    /// The latest watermark of any input, whether it holds the others back or not:
    /// how far event time has come by the end of the stream, in whatever order the
    /// inputs ended.
    pub fn latest(&self) -> Timestamp {
        let watermarks = self.inputs.iter().map(|input| input.watermark);
        watermarks.max().unwrap_or(Timestamp::MIN)
    }

    /// Input `index` says that no record at or before `time` is still to come.
    ///
    /// A watermark that does not rise, or that an idle or ended input sends,
    /// does nothing; nor does an index that does not exist.
    pub fn watermark(&mut self, index: usize, time: Timestamp) -> Combined {
        let last = self.last;
        let Some(input) = self.inputs.get_mut(index) else {
            return Combined::default();
        };
        if input.status != InputStatus::Active || time <= input.watermark {
            return Combined::default();
        }
        input.watermark = time;
        input.aligned |= time >= last;
        Combined {
            watermark: self.rise_to_minimum(),
            status: None,
        }
    }

    /// Input `index` has nothing to say until further notice.
    pub fn idle(&mut self, index: usize) -> Combined {
        self.leave(index, InputStatus::Idle)
    }

    /// Input `index` has ended.
    pub fn ended(&mut self, index: usize) -> Combined {
        self.leave(index, InputStatus::Ended)
    }

    /// Input `index` speaks again.
    pub fn active(&mut self, index: usize) -> Combined {
        let last = self.last;
        let Some(input) = self.inputs.get_mut(index) else {
            return Combined::default();
        };
        if input.status != InputStatus::Idle {
            return Combined::default();
        }
        input.status = InputStatus::Active;
        input.aligned = input.watermark >= last;
        let woke = std::mem::take(&mut self.idle);
        Combined {
            status: woke.then_some(InputStatus::Active),
            watermark: self.rise_to_minimum(),
        }
    }

    fn leave(&mut self, index: usize, status: InputStatus) -> Combined {
        let Some(input) = self.inputs.get_mut(index) else {
            return Combined::default();
        };
        if input.status == status || input.status == InputStatus::Ended {
            return Combined::default();
        }
        input.status = status;
        input.aligned = false;
        if self.has_ended() {
            return Combined {
                watermark: self.rise(Timestamp::MAX),
                status: None,
            };
        }
        let anyone_active = self.inputs.iter().any(|i| i.status == InputStatus::Active);
        if anyone_active {
            return Combined {
                watermark: self.rise_to_minimum(),
                status: None,
            };
        }
        let maximum = self.inputs.iter().map(|i| i.watermark).max();
        let turned_idle = !std::mem::replace(&mut self.idle, true);
        Combined {
            watermark: maximum.and_then(|maximum| self.rise(maximum)),
            status: turned_idle.then_some(InputStatus::Idle),
        }
    }

    /// The minimum of an empty set is no watermark at all, not the end of time.
    fn rise_to_minimum(&mut self) -> Option<Timestamp> {
        let minimum = self
            .inputs
            .iter()
            .filter(|input| input.status == InputStatus::Active && input.aligned)
            .map(|input| input.watermark)
            .min()?;
        self.rise(minimum)
    }

    fn rise(&mut self, time: Timestamp) -> Option<Timestamp> {
        if time <= self.last {
            return None;
        }
        self.last = time;
        Some(time)
    }
}

#[cfg(test)]
mod tests {
    use super::InputStatus::{Active, Idle};
    use super::*;

    enum Say {
        Watermark(usize, i64),
        Idle(usize),
        Active(usize),
        Ended(usize),
    }
    use Say::{Active as A, Ended as E, Idle as I, Watermark as W};

    fn check(name: &str, inputs: usize, steps: &[(Say, Option<i64>, Option<InputStatus>)]) {
        let mut combiner = WatermarkCombiner::new(inputs);
        for (number, (say, watermark, status)) in steps.iter().enumerate() {
            let got = match *say {
                W(input, time) => combiner.watermark(input, Timestamp::from_nanos(time)),
                I(input) => combiner.idle(input),
                A(input) => combiner.active(input),
                E(input) => combiner.ended(input),
            };
            let expected = Combined {
                watermark: watermark.map(Timestamp::from_nanos),
                status: *status,
            };
            assert_eq!(got, expected, "{name}, step {number}");
        }
    }

    /// Facts from Flink's `StatusWatermarkValveTest` and Jet's
    /// `WatermarkCoalescerTest`.
    #[test]
    fn how_far_time_has_come_does_not_depend_on_who_ends_last() {
        let at = Timestamp::from_nanos;
        for order in [[0, 1], [1, 0]] {
            let mut combiner = WatermarkCombiner::new(2);
            assert_eq!(combiner.latest(), Timestamp::MIN);
            for index in order {
                combiner.watermark(index, [at(7), at(10)][index]);
                combiner.ended(index);
            }
            assert_eq!(combiner.latest(), at(10));
        }
        assert_eq!(WatermarkCombiner::new(0).latest(), Timestamp::MIN);
    }

    #[test]
    fn combining_follows_the_rules_of_the_valve() {
        check(
            "every input must speak",
            3,
            &[
                (W(0, 0), None, None),
                (W(1, 0), None, None),
                (W(2, 0), Some(0), None),
            ],
        );
        check(
            "no going back",
            1,
            &[
                (W(0, 25), Some(25), None),
                (W(0, 18), None, None),
                (W(0, 42), Some(42), None),
            ],
        );
        check(
            "idle inputs hold nobody back",
            3,
            &[
                (W(0, 15), None, None),
                (W(1, 10), None, None),
                (I(2), Some(10), None),
                (W(1, 18), Some(15), None),
                (W(0, 20), Some(18), None),
            ],
        );
        check(
            "all idle: the maximum is flushed",
            3,
            &[
                (W(0, 10), None, None),
                (W(1, 5), None, None),
                (W(2, 3), Some(3), None),
                (I(0), None, None),
                (I(1), None, None),
                (I(2), Some(10), Some(Idle)),
            ],
        );
        check(
            "a watermark while idle is ignored",
            1,
            &[
                (W(0, 25), Some(25), None),
                (I(0), None, Some(Idle)),
                (W(0, 50), None, None),
                (A(0), None, Some(Active)),
                (W(0, 50), Some(50), None),
            ],
        );
        check(
            "one that returns counts once it has caught up",
            2,
            &[
                (W(0, 7), None, None),
                (W(1, 10), Some(7), None),
                (I(0), Some(10), None),
                (A(0), None, None),
                (W(0, 9), None, None),
                (I(0), None, None),
            ],
        );
        check(
            "the minimum of nobody is nothing",
            3,
            &[
                (W(0, 10), None, None),
                (W(1, 7), None, None),
                (I(2), Some(7), None),
                (A(2), None, None),
                (I(0), None, None),
                (I(1), None, None),
                (A(0), Some(10), None),
                (I(2), None, None),
            ],
        );
        check(
            "ended inputs leave, the last one ends time",
            2,
            &[
                (W(0, 100), None, None),
                (E(1), Some(100), None),
                (E(0), Some(i64::MAX), None),
                (A(0), None, None),
                (W(9, 3), None, None),
            ],
        );
    }
}
