/// What a collector answers to whatever it is given: may more come?
///
/// Back-pressure is this answer and nothing else. After any answer but
/// [`Flow::Open`] nothing may be pushed or signalled until
/// [`Collector::resume`](crate::Collector::resume) says `Open` again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[must_use = "a collector that is not open must not be given more"]
pub enum Flow {
    /// More may come.
    Open,
    /// Accepted, but bounded work of its own is left over (a window that is
    /// being emptied, say): resume, soon.
    Busy,
    /// Accepted, but the output is full: resume when the other side has moved.
    Full,
    /// Accepted, but nothing more is wanted, ever.
    Finished,
    /// An operator failed and has left a fault behind; the job is over.
    Failed,
}

impl Flow {
    /// Whether more may come.
    #[inline]
    pub fn is_open(self) -> bool {
        self == Flow::Open
    }

    /// The answer of two outputs together: the one that holds back more. An
    /// output that wants nothing more holds nobody back.
    #[inline]
    pub fn and_side(self, side: Flow) -> Flow {
        match side {
            Flow::Finished => self,
            side => self.max(side),
        }
    }

    /// As [`and_side`](Self::and_side), once both were told of the end. Nothing
    /// more is given to either; what is left is to get rid of what they hold, and
    /// there one that is done does not speak for the other.
    pub fn and_side_after_end(self, side: Flow) -> Flow {
        let left = |flow| match flow {
            Flow::Finished => Flow::Open,
            flow => flow,
        };
        left(self).max(left(side))
    }
}

#[cfg(test)]
mod tests {
    use super::Flow::{Busy, Failed, Finished, Full, Open};

    #[test]
    fn two_outputs_hold_back_as_the_stricter_one_does() {
        for (main, side, both) in [
            (Open, Open, Open),
            (Open, Full, Full),
            (Busy, Open, Busy),
            (Open, Finished, Open),
            (Finished, Open, Finished),
            (Full, Failed, Failed),
        ] {
            assert_eq!(main.and_side(side), both, "{main:?} and {side:?}");
        }
    }

    #[test]
    fn after_the_end_each_output_speaks_for_itself() {
        for (main, side, both) in [
            (Finished, Full, Full),
            (Full, Finished, Full),
            (Finished, Finished, Open),
            (Open, Failed, Failed),
        ] {
            let answer = main.and_side_after_end(side);
            assert_eq!(answer, both, "{main:?} and {side:?}");
        }
    }
}
