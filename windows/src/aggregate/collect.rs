use super::Aggregate;

/// A value of every record, in the order in which they came.
///
/// All of them are kept until the window closes: state grows with the records.
///
/// Records folded with [`add`](Aggregate::add), which gives them no number,
/// count as number 0. Equal numbers go by the order of the calls.
///
/// ```
/// use fluxus_windows::aggregate::Collect;
/// use fluxus_windows::Aggregate;
///
/// let words = Collect::records();
/// let (mut here, mut there) = (words.create(), words.create());
/// words.add_numbered(&mut here, &"me", 1);
/// words.add_numbered(&mut here, &"Ishmael", 2);
/// words.add_numbered(&mut there, &"Call", 0);
/// words.merge(&mut here, there);
/// assert_eq!(words.finish(here), ["Call", "me", "Ishmael"]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Collect<F> {
    value: F,
}

impl<F> Collect<F> {
    /// What `value` takes from each record.
    pub fn of<T, V>(value: F) -> Self
    where
        F: Fn(&T) -> V,
    {
        Self { value }
    }
}

impl Collect<()> {
    /// The whole records.
    pub fn records<T: Clone>() -> Collect<impl Fn(&T) -> T + Copy + Send + Sync> {
        Collect { value: T::clone }
    }
}

impl<T, V: Clone + Send + 'static, F: Fn(&T) -> V> Aggregate<T> for Collect<F> {
    type Accumulator = Vec<(u64, V)>;
    type Output = Vec<V>;

    const NUMBERED: bool = true;
    const GROWS: bool = true;

    #[inline]
    fn create(&self) -> Self::Accumulator {
        Vec::new()
    }

    #[inline]
    fn add(&self, values: &mut Self::Accumulator, value: &T) {
        self.add_numbered(values, value, 0);
    }

    #[inline]
    fn add_numbered(&self, values: &mut Self::Accumulator, value: &T, number: u64) {
        values.push((number, (self.value)(value)));
    }

    /// Appends: the order is made once, in [`finish`](Aggregate::finish).
    fn merge(&self, values: &mut Self::Accumulator, mut other: Self::Accumulator) {
        if values.is_empty() {
            *values = other;
        } else {
            values.append(&mut other);
        }
    }

    fn finish(&self, mut values: Self::Accumulator) -> Vec<V> {
        let in_order = values.windows(2).all(|pair| pair[0].0 <= pair[1].0);
        if !in_order {
            // Stable, and quick with the runs that merging leaves.
            values.sort_by_key(|(number, _)| *number);
        }
        values.into_iter().map(|(_, value)| value).collect()
    }
}
