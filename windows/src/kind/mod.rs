//! Where windows lie: the kinds, and what makes a window give its result.

pub(crate) mod assigner;
pub(crate) mod numbering;
pub(crate) mod slicing;

pub(crate) mod cumulating;
pub(crate) mod sliding;
pub(crate) mod tumbling;

pub(crate) mod global;
pub(crate) mod merge_touching;
pub(crate) mod session;

pub(crate) mod trigger;
pub(crate) mod triggered;

pub(crate) mod count_error;
pub(crate) mod count_sliding;
pub(crate) mod count_tumbling;

use crate::{Aggregate, Lateness, Slicing, StateLimit, WindowStore};
use std::fmt;
use std::hash::Hash;

/// A kind of window: tumbling, sliding, session and so on. It says where the
/// windows lie, and makes the store that keeps them.
pub trait WindowKind<T>: Clone + Send + fmt::Display + 'static {
    /// The store of keyed windows of this kind.
    type Store<K, A>: WindowStore<K, T, A> + Send + 'static
    where
        K: Hash + Eq + Clone + Send + 'static,
        A: Aggregate<T>;

    /// No windows yet; memory is set aside as `limit` says.
    fn store<K, A>(
        &self,
        lateness: Lateness,
        limit: StateLimit,
        aggregate: &A,
    ) -> Self::Store<K, A>
    where
        K: Hash + Eq + Clone + Send + 'static,
        A: Aggregate<T>;

    /// How the windows are cut into slices that can be folded apart and merged,
    /// if they can: then every core folds its own records first, and only
    /// slices cross between cores.
    fn slicing(&self) -> Option<Slicing> {
        None
    }
}

/// A kind of window that cuts the records of a key by their number, not by
/// their time: the stream needs no timestamps.
pub trait CountKind<T>: WindowKind<T> {}
