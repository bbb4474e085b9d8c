use crate::alarm::first_of;
use crate::{Collector, Flow, Instance, Name, Signal};
use fluxus_ringbuf::CounterReader;
use fluxus_runtime::{Fault, Step};

/// How far a stage is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StageState {
    /// Not polled yet.
    New,
    /// Opened; records flow.
    Running,
    /// The end was signalled to the chain, which may have more to emit.
    Ending,
    /// All is out, or the job was aborted.
    Over,
}

/// What every stage has, whatever it begins with: a chain, its life cycle, and
/// the debt that the chain left at the last poll.
pub(crate) struct Stage<C> {
    pub(crate) name: Name,
    pub(crate) instance: Instance,
    /// At home except while a loop has it on its stack.
    pub(crate) chain: Option<C>,
    pub(crate) state: StageState,
    /// What the chain last answered.
    flow: Flow,
    /// When operators of the chain want to be called, though nothing comes.
    alarms: Vec<CounterReader>,
}

impl<C> Stage<C> {
    pub(crate) fn new(name: Name, instance: &Instance, chain: C) -> Self {
        Self {
            name,
            instance: instance.clone(),
            chain: Some(chain),
            state: StageState::New,
            flow: Flow::Open,
            alarms: instance.alarms.readers(),
        }
    }

    /// Nothing came: until when the worker may rest.
    #[inline]
    fn idle(&self) -> Step {
        if self.alarms.is_empty() {
            return Step::Idle;
        }
        let wait = first_of(&self.alarms, &*self.instance.wall);
        wait.map_or(Step::Idle, Step::IdleFor)
    }

    /// Asks the chain, which is at home whenever the stage is not in a loop.
    #[inline]
    pub(crate) fn drive(&mut self, ask: impl FnOnce(&mut C) -> Flow) -> Flow {
        self.chain.as_mut().map_or(Flow::Finished, ask)
    }

    /// Opens the chain at the first poll and works off what it owes. `Some` is
    /// the answer to this poll; `None` says that the chain is open.
    pub(crate) fn prepare<T>(&mut self) -> Result<Option<Step>, Fault>
    where
        C: Collector<T>,
    {
        if self.state == StageState::Over {
            return Ok(Some(Step::Done));
        }
        if self.state == StageState::New {
            self.state = StageState::Running;
            self.flow = self.drive(|chain| chain.open());
        } else if matches!(self.flow, Flow::Busy | Flow::Full) {
            self.flow = self.drive(|chain| chain.resume());
        }
        match self.flow {
            Flow::Open if self.state == StageState::Running => Ok(None),
            flow => self.conclude::<T>(flow, false).map(Some),
        }
    }

    /// Ends a poll: flushes, and turns what the chain answered last into a step.
    pub(crate) fn conclude<T>(&mut self, flow: Flow, progress: bool) -> Result<Step, Fault>
    where
        C: Collector<T>,
    {
        self.flow = flow;
        if flow == Flow::Finished && self.state == StageState::Running {
            // Nothing more is wanted: for the chain, the stream ends here.
            self.state = StageState::Ending;
            self.flow = self.drive(|chain| chain.signal(Signal::End));
        }
        if let Some(chain) = &mut self.chain {
            chain.flush();
        }
        match (self.flow, self.state) {
            (Flow::Failed, _) => Err(self.instance.fault.take(&self.name)),
            (Flow::Open | Flow::Finished, StageState::Ending) => {
                self.state = StageState::Over;
                Ok(Step::Done)
            }
            (Flow::Busy, _) => Ok(Step::Progress),
            (Flow::Full, _) if progress => Ok(Step::Progress),
            (Flow::Full, _) => Ok(Step::Blocked),
            _ if progress => Ok(Step::Progress),
            _ => Ok(self.idle()),
        }
    }

    /// Tells the chain that the stream will not end, once.
    pub(crate) fn abort<T>(&mut self)
    where
        C: Collector<T>,
    {
        let was = std::mem::replace(&mut self.state, StageState::Over);
        if matches!(was, StageState::Running | StageState::Ending) {
            if let Some(chain) = &mut self.chain {
                chain.abort();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, ManualClock, Plan, Spread};
    use fluxus_windows::Timestamp;
    use std::time::Duration;

    /// Takes everything.
    struct Open;

    impl Collector<()> for Open {
        fn open(&mut self) -> Flow {
            Flow::Open
        }
        fn push(&mut self, _: Timestamp, (): ()) -> Flow {
            Flow::Open
        }
        fn signal(&mut self, _: Signal) -> Flow {
            Flow::Open
        }
        fn end_batch(&mut self) -> Flow {
            Flow::Open
        }
        fn resume(&mut self) -> Flow {
            Flow::Open
        }
        fn flush(&mut self) {}
        fn abort(&mut self) {}
    }

    #[test]
    fn a_stage_with_an_alarm_says_how_long_its_worker_may_rest() {
        let clock = ManualClock::at(Timestamp::from_secs(7));
        let settings = Config::new().workers(1).clock(clock.clone());
        let mut plan = Plan::new("test", settings.conclude().unwrap());
        let instance = plan.close_stage(Spread::over(1)).remove(0);
        let mut alarm = instance.alarms.alarm();
        let mut stage = Stage::new(Name::new("stage"), &instance, Open);
        assert_eq!(stage.prepare::<()>().unwrap(), None);
        let mut rests = |progress| stage.conclude::<()>(Flow::Open, progress).unwrap();
        assert_eq!(rests(false), Step::Idle);
        alarm.set(Some(Timestamp::from_secs(9)));
        assert_eq!(rests(false), Step::IdleFor(Duration::from_secs(2)));
        assert_eq!(rests(true), Step::Progress);
        clock.set(Timestamp::from_secs(10));
        assert_eq!(rests(false), Step::IdleFor(Duration::ZERO));
        alarm.set(None);
        assert_eq!(rests(false), Step::Idle);
    }
}
