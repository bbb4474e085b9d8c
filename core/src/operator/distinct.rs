use super::{KeyedLogic, Touch};

/// Keeps the first record of each key.
///
/// With a time to live, the first of each stretch of time: records that are left
/// out do not prolong it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Distinct;

impl<K, T> KeyedLogic<K, T> for Distinct {
    type State = ();
    type Emitted = Option<T>;

    #[inline]
    fn on_record(&mut self, _: K, state: &mut Option<()>, value: T) -> (Touch, Option<T>) {
        if state.is_some() {
            return (Touch::Read, None);
        }
        *state = Some(());
        (Touch::Written, Some(value))
    }
}
