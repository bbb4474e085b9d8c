use crate::exchange::SideOutput;
use crate::{Collector, Flow, Signal};

/// A main output and one beside it, to which everything but records is said
/// alike.
pub(crate) struct TwoOutputs<C, S> {
    pub(crate) main: C,
    pub(crate) side: SideOutput<S>,
    has_ended: bool,
}

impl<C, S> TwoOutputs<C, S> {
    pub(crate) fn new(main: C, side: SideOutput<S>) -> Self {
        Self {
            main,
            side,
            has_ended: false,
        }
    }

    pub(crate) fn signal<T>(&mut self, signal: Signal) -> Flow
    where
        C: Collector<T>,
    {
        self.has_ended |= signal == Signal::End;
        let side = self.side.signal(signal);
        let main = self.main.signal(signal);
        self.both(main, side)
    }

    pub(crate) fn resume<T>(&mut self) -> Flow
    where
        C: Collector<T>,
    {
        let side = self.side.resume();
        let main = self.main.resume();
        self.both(main, side)
    }

    pub(crate) fn flush<T>(&mut self)
    where
        C: Collector<T>,
    {
        self.side.flush();
        self.main.flush();
    }

    fn both(&self, main: Flow, side: Flow) -> Flow {
        match self.has_ended {
            false => main.and_side(side),
            true => main.and_side_after_end(side),
        }
    }
}
