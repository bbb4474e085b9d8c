use fluxus_windows::Timestamp;

/// What goes into a stream, and what comes out of it: a line of a
/// [`Script`](super::Script), or of what was [`Heard`](super::Heard).
///
/// Times are nanoseconds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Said<T> {
    /// A record, at its time.
    Record(i64, T),
    /// No record at or before this time is still to come, save late ones.
    Watermark(i64),
    /// Nothing comes from here until further notice.
    Idle,
    /// Something comes from here again.
    Active,
    /// A cut through the stream.
    Barrier(u64),
    /// In a script: there is nothing at one pull.
    Quiet,
    /// In a script: the clock it was given moves on by so many nanoseconds.
    Tick(u64),
    /// The end of the stream.
    End,
}

impl<T> Said<T> {
    /// Whether it is a record.
    pub fn is_record(&self) -> bool {
        matches!(self, Said::Record(..))
    }
}

pub(super) fn at(nanos: i64) -> Timestamp {
    Timestamp::from_nanos(nanos)
}

/// Twelve records, `0` to `11` at the times `0` to `110`, and every kind of
/// signal between them: what an operator without state should be put through.
pub fn sample() -> Vec<Said<i64>> {
    let mut script = vec![Said::Idle, Said::Active];
    for n in 0..12 {
        script.push(Said::Record(10 * n, n));
        match n % 3 {
            0 => script.push(Said::Watermark(10 * n - 5)),
            1 => script.push(Said::Barrier(n.unsigned_abs())),
            _ => {}
        }
    }
    script.push(Said::Idle);
    script
}

/// What is to come out of `script` when each record becomes some others at the
/// same time, and the signals are passed on.
pub fn each<T: Clone, V>(script: &[Said<T>], mut becomes: impl FnMut(T) -> Vec<V>) -> Vec<Said<V>> {
    let mut said = Vec::new();
    for line in script {
        match line {
            Said::Record(time, value) => {
                let offspring = becomes(value.clone()).into_iter();
                said.extend(offspring.map(|v| Said::Record(*time, v)));
            }
            Said::Watermark(time) => said.push(Said::Watermark(*time)),
            Said::Idle => said.push(Said::Idle),
            Said::Active => said.push(Said::Active),
            Said::Barrier(id) => said.push(Said::Barrier(*id)),
            Said::Quiet | Said::Tick(_) => {}
            Said::End => break,
        }
    }
    said.push(Said::End);
    said
}

/// What is heard of `said` by whom wants so many records and no more: all up to
/// the last of them, and the end.
pub fn cut_off<V: Clone>(said: &[Said<V>], wanted: usize) -> Vec<Said<V>> {
    let mut left = wanted;
    let mut kept = Vec::new();
    for line in said {
        if left == 0 && wanted > 0 {
            break;
        }
        left = left.saturating_sub(usize::from(line.is_record()));
        kept.push(line.clone());
    }
    if !matches!(kept.last(), Some(Said::End)) {
        kept.push(Said::End);
    }
    kept
}
