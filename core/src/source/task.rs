use super::{Pulled, Source, SourceContext, SourceStatus};
use crate::metrics::Measure;
use crate::on_stack::{fits_the_stack, OnStack};
use crate::stage::{Stage, StageState};
use crate::{Collector, Flow, Instance, Name, Signal};
use fluxus_ringbuf::CounterWriter;
use fluxus_runtime::{Culprit, Fault, Step, Task};

/// A stage that begins at a source.
pub(crate) struct SourceTask<S, C> {
    stage: Stage<C>,
    /// At home except while it is pulled.
    source: Option<S>,
    /// Handed over when the source is opened.
    context: Option<SourceContext>,
    records: CounterWriter,
    is_open: bool,
    has_ended: bool,
    /// The chain was given something and not told that the batch is over.
    is_in_batch: bool,
}

impl<S: Source, C: Collector<S::Item>> SourceTask<S, C> {
    pub(crate) fn new(
        name: Name,
        instance: &Instance,
        source: S,
        context: SourceContext,
        chain: C,
    ) -> Self {
        Self {
            records: instance.counter(&name, Measure::RecordsIn),
            stage: Stage::new(name, instance, chain),
            source: Some(source),
            context: Some(context),
            is_open: false,
            has_ended: false,
            is_in_batch: false,
        }
    }

    fn open(&mut self) -> Result<(), Fault> {
        let Some(context) = self.context.take() else {
            return Ok(());
        };
        self.is_open = true;
        let culprit = Culprit::new(&self.stage.name);
        let opened = match &mut self.source {
            Some(source) => source.open(context),
            None => Ok(()),
        };
        culprit.cleared();
        opened.map_err(|error| Fault::error(&*self.stage.name, error))
    }

    fn close(&mut self) {
        if std::mem::take(&mut self.is_open) {
            let culprit = Culprit::new(&self.stage.name);
            if let Some(source) = &mut self.source {
                source.close();
            }
            culprit.cleared();
        }
    }

    fn end_batch(&mut self) -> Flow {
        match std::mem::take(&mut self.is_in_batch) {
            true => self.stage.drive(|chain| chain.end_batch()),
            false => Flow::Open,
        }
    }

    fn pull(&mut self, budget: usize) -> Result<Pulled, Fault> {
        let mut pulled = Ok(Pulled {
            records: 0,
            status: SourceStatus::Ended,
            flow: Flow::Open,
        });
        let is_draining = self.stage.instance.control.is_draining();
        let has_more = match &mut self.source {
            Some(source) => !is_draining || source.drain(),
            None => false,
        };
        if has_more {
            if fits_the_stack::<C>() && fits_the_stack::<S>() {
                let mut source = OnStack::take(&mut self.source);
                let mut chain = OnStack::take(&mut self.stage.chain);
                if let (Some(source), Some(chain)) = (source.value(), chain.value()) {
                    pulled = source.pull(budget, chain);
                }
            } else if let (Some(source), Some(chain)) = (&mut self.source, &mut self.stage.chain) {
                pulled = source.pull(budget, chain);
            }
        }
        let pulled = pulled.map_err(|error| Fault::error(&*self.stage.name, error))?;
        self.records.add(pulled.records as u64);
        Ok(pulled)
    }
}

impl<S: Source, C: Collector<S::Item> + Send> Task for SourceTask<S, C> {
    fn name(&self) -> &str {
        &self.stage.name
    }

    fn waits_for_outside(&self) -> bool {
        !self.has_ended
    }

    fn poll(&mut self, budget: usize) -> Result<Step, Fault> {
        self.open()?;
        if let Some(step) = self.stage.prepare::<S::Item>()? {
            if step == Step::Done {
                self.close();
            }
            return Ok(step);
        }
        // A source that has ended is not asked again, though the chain may
        // still owe something: an iterator may begin anew after its end.
        let mut progress = false;
        let mut idle = Step::Idle;
        // A batch whose end was held back by a full output ends now, so that
        // its watermark comes before the next records.
        let mut flow = self.end_batch();
        if flow.is_open() && !self.has_ended {
            let pulled = self.pull(budget)?;
            self.has_ended = pulled.status == SourceStatus::Ended;
            self.is_in_batch = true;
            progress = pulled.records > 0 || pulled.status == SourceStatus::Ready;
            if let SourceStatus::IdleFor(time) = pulled.status {
                idle = Step::IdleFor(time);
            }
            flow = pulled.flow;
            if flow.is_open() {
                flow = self.end_batch();
            }
        }
        if flow.is_open() && self.has_ended {
            self.close();
            self.stage.state = StageState::Ending;
            flow = self.stage.drive(|chain| chain.signal(Signal::End));
        }
        let step = self.stage.conclude::<S::Item>(flow, progress)?;
        if self.stage.state != StageState::Running {
            self.close();
        }
        Ok(match (step, idle) {
            (Step::Idle, idle) => idle,
            (Step::IdleFor(alarm), Step::IdleFor(time)) => Step::IdleFor(alarm.min(time)),
            (step, _) => step,
        })
    }

    fn abort(&mut self) {
        // The chain first: a panic of the source must not keep the sinks from
        // being told.
        self.stage.abort::<S::Item>();
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::BoxError;
    use crate::{Config, Plan, Spread};
    use fluxus_windows::Timestamp;
    use std::time::Duration;

    /// Has one record, after a while.
    struct Later(std::vec::IntoIter<(usize, SourceStatus)>);

    impl Source for Later {
        type Item = ();

        fn pull<C: Collector<()>>(&mut self, _: usize, out: &mut C) -> Result<Pulled, BoxError> {
            let (records, status) = self.0.next().expect("it is not asked again");
            let mut flow = Flow::Open;
            for _ in 0..records {
                flow = out.push(Timestamp::MIN, ());
            }
            Ok(Pulled {
                records,
                status,
                flow,
            })
        }
    }

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
    fn when_a_source_will_have_more_is_what_its_worker_is_told() {
        let settings = Config::new().workers(1).conclude().unwrap();
        let mut plan = Plan::new("test", settings);
        let instance = plan.close_stage(Spread::over(1)).remove(0);
        let context = SourceContext::new(&Name::new("later"), &instance);
        let time = Duration::from_millis(3);
        let table = [
            (0, SourceStatus::Idle, Step::Idle),
            (0, SourceStatus::IdleFor(time), Step::IdleFor(time)),
            // It got on, so it is asked again at once.
            (1, SourceStatus::IdleFor(time), Step::Progress),
            (0, SourceStatus::Idle, Step::Idle),
            (0, SourceStatus::Ready, Step::Progress),
            (0, SourceStatus::Ended, Step::Done),
        ];
        let answers: Vec<_> = table.iter().map(|row| (row.0, row.1)).collect();
        let source = Later(answers.into_iter());
        let mut task = SourceTask::new(Name::new("later"), &instance, source, context, Open);
        for (records, status, step) in table {
            assert_eq!(task.poll(8).unwrap(), step, "{records} {status:?}");
        }
    }
}
