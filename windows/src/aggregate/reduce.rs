use super::Aggregate;

/// Folds records with a function of two of them into one of their kind.
///
/// The function must be associative: which records meet first depends on where
/// they were folded.
///
/// ```
/// use fluxus_windows::aggregate::Reduce;
/// use fluxus_windows::Aggregate;
///
/// let all_flags = Reduce::new(|flags: &u8, more: &u8| flags | more);
/// let mut flags = all_flags.create();
/// all_flags.add(&mut flags, &0b001);
/// all_flags.add(&mut flags, &0b100);
/// assert_eq!(all_flags.finish(flags), 0b101);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Reduce<F> {
    reduce: F,
}

impl<F> Reduce<F> {
    /// Reduces with `reduce`.
    pub fn new<T>(reduce: F) -> Self
    where
        F: Fn(&T, &T) -> T,
    {
        Self { reduce }
    }
}

impl<T, F> Aggregate<T> for Reduce<F>
where
    T: Clone + Send + 'static,
    F: Fn(&T, &T) -> T,
{
    type Accumulator = Option<T>;
    type Output = T;

    #[inline]
    fn create(&self) -> Option<T> {
        None
    }

    #[inline]
    fn add(&self, held: &mut Option<T>, value: &T) {
        *held = Some(match held {
            Some(held) => (self.reduce)(held, value),
            None => value.clone(),
        });
    }

    #[inline]
    fn merge(&self, held: &mut Option<T>, other: Option<T>) {
        if let Some(other) = other {
            *held = Some(match held {
                Some(held) => (self.reduce)(held, &other),
                None => other,
            });
        }
    }

    /// # Panics
    /// When no record was folded in, which the contract of [`Aggregate`] rules
    /// out.
    #[inline]
    fn finish(&self, held: Option<T>) -> T {
        held.expect("finish follows at least one add")
    }
}
