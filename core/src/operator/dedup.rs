use super::{KeyedLogic, Touch};

/// Leaves out records that are equal to the one of their key before.
///
/// A record that is left out does not prolong the time to live of the state: when
/// that is over, an equal one passes again.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dedup;

impl<K, T> KeyedLogic<K, T> for Dedup
where
    T: PartialEq + Clone + Send + 'static,
{
    type State = T;
    type Emitted = Option<T>;

    #[inline]
    fn on_record(&mut self, _: K, state: &mut Option<T>, value: T) -> (Touch, Option<T>) {
        if state.as_ref() == Some(&value) {
            return (Touch::Read, None);
        }
        *state = Some(value.clone());
        (Touch::Written, Some(value))
    }
}
