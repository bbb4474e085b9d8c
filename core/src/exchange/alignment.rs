use fluxus_ringbuf::CounterReader;

/// What a producer knows of whether it holds time back at the other ends of its
/// rings.
///
/// It does from the start. Once it was idle it does not, and when it returns it
/// may be behind the others, who have moved time on without it: an inbox counts
/// it again when it has caught up, and answers with how many returns it has seen
/// by then. Time moves on while that answer is under way, but not beyond what
/// the producer has said: it is counted.
///
/// ```text
///   producer   Idle  Active  20 ───────────► 30 ───────► 40
///   inbox at 25      1 return   still behind    counted: 1
///   time there       free       free            at most 30
/// ```
pub(crate) struct Alignment {
    /// A number for each ring, written by the inbox at its end.
    answers: Vec<CounterReader>,
    returns: u64,
}

impl Alignment {
    pub(crate) fn new(answers: Vec<CounterReader>) -> Self {
        Self {
            answers,
            returns: 0,
        }
    }

    /// The producer speaks again; it says so to every ring.
    pub(crate) fn returns(&mut self) {
        self.returns += 1;
    }

    /// Whether every other end counts the producer since its last return.
    pub(crate) fn is_whole(&self) -> bool {
        let returns = self.returns;
        self.answers.iter().all(|answer| answer.value() >= returns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fluxus_ringbuf::counter;

    #[test]
    fn a_return_is_whole_when_every_end_has_answered_it() {
        let (mut one, one_answers) = counter();
        let (mut other, other_answers) = counter();
        let mut alignment = Alignment::new(vec![one_answers, other_answers]);
        assert!(alignment.is_whole(), "nobody has been away");
        alignment.returns();
        assert!(!alignment.is_whole());
        one.set(1);
        assert!(!alignment.is_whole(), "the other end is still ahead");
        other.set(1);
        assert!(alignment.is_whole());
        alignment.returns();
        assert!(!alignment.is_whole(), "an old answer is to an old return");
    }
}
