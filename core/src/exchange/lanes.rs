use super::Lane;
use crate::Flow;
use fluxus_windows::Timestamp;

/// The lanes of a stage that has several: to the instances of another stage, or
/// to several stages.
///
/// Together they are as open as the fullest of them. One whose receiver wants no
/// more holds nobody back; when none wants more, nothing is wanted.
pub(crate) struct Lanes<T>(Vec<Lane<T>>);

impl<T> Lanes<T> {
    pub(crate) fn new(lanes: Vec<Lane<T>>) -> Self {
        Self(lanes)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Puts a record into the lane of this number, which there must be.
    #[inline]
    pub(crate) fn push(&mut self, lane: usize, time: Timestamp, value: T) -> Flow {
        match self.0[lane].push(time, value) {
            // One receiver wants no more; the others may. The end of the batch
            // tells.
            Flow::Finished if self.0.len() > 1 => Flow::Open,
            flow => flow,
        }
    }

    /// Puts a record into every lane.
    #[inline]
    pub(crate) fn push_to_all(&mut self, time: Timestamp, value: T) -> Flow
    where
        T: Clone,
    {
        let Some((last, others)) = self.0.split_last_mut() else {
            return Flow::Finished;
        };
        let mut all = Flow::Open;
        let mut finished = 0;
        let mut answered = |flow: Flow| match flow {
            Flow::Finished => finished += 1,
            flow => all = all.max(flow),
        };
        for lane in others {
            answered(lane.push(time, value.clone()));
        }
        answered(last.push(time, value));
        match finished == self.0.len() {
            true => Flow::Finished,
            false => all,
        }
    }

    /// Says the same to every lane.
    pub(crate) fn of_all(&mut self, mut each: impl FnMut(&mut Lane<T>) -> Flow) -> Flow {
        let mut finished = 0;
        let mut all = Flow::Open;
        for lane in &mut self.0 {
            let flow = each(lane);
            // The ring is asked, too: a lane that is given nothing sends nothing,
            // and would never find out that nobody listens.
            if flow == Flow::Finished || lane.is_abandoned() {
                finished += 1;
            } else {
                all = all.max(flow);
            }
        }
        if finished == self.0.len() {
            return Flow::Finished;
        }
        all
    }

    pub(crate) fn flush(&mut self) {
        self.0.iter_mut().for_each(Lane::flush);
    }
}

/// Implements the methods of [`Collector`](crate::Collector) that a collector
/// with a field `lanes` and no downstream of its own has, save `push`.
macro_rules! into_lanes {
    () => {
        fn open(&mut self) -> $crate::Flow {
            $crate::Flow::Open
        }

        fn signal(&mut self, signal: $crate::Signal) -> $crate::Flow {
            self.lanes.of_all(|lane| lane.signal(signal))
        }

        fn end_batch(&mut self) -> $crate::Flow {
            self.lanes.of_all(|_| $crate::Flow::Open)
        }

        fn resume(&mut self) -> $crate::Flow {
            self.lanes.of_all($crate::exchange::Lane::resume)
        }

        fn flush(&mut self) {
            self.lanes.flush();
        }

        fn abort(&mut self) {}
    };
}
pub(crate) use into_lanes;
