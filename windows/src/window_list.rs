use crate::live_window::LiveWindow;
use std::borrow::Borrow;
use std::hash::{Hash, Hasher};
use std::ops::{Deref, DerefMut, Range};

/// A key and its live windows, in one place: a cache line, while there is one
/// window and both the key and the accumulator are 8 bytes long.
///
/// It is to the slab as its key is.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct KeyWindows<K, Acc> {
    pub(crate) key: K,
    pub(crate) list: WindowList<Acc>,
}

impl<K, Acc> KeyWindows<K, Acc> {
    pub(crate) fn new(key: K) -> Self {
        let list = WindowList::None;
        Self { key, list }
    }
}

impl<K: Hash, Acc> Hash for KeyWindows<K, Acc> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl<K: Eq, Acc> Eq for KeyWindows<K, Acc> {}
impl<K: PartialEq, Acc> PartialEq for KeyWindows<K, Acc> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl<K, Acc> Borrow<K> for KeyWindows<K, Acc> {
    #[inline]
    fn borrow(&self) -> &K {
        &self.key
    }
}

/// The live windows of one key, by their ends and then by their starts.
///
/// Where windows merge no two of them touch, so that their starts ascend too.
#[derive(Debug)]
pub(crate) enum WindowList<Acc> {
    None,
    One(LiveWindow<Acc>),
    Many(Vec<LiveWindow<Acc>>),
}

/// The memory of lists of several windows, for the next key that needs it.
#[derive(Debug)]
pub(crate) struct SpareLists<Acc>(Vec<Vec<LiveWindow<Acc>>>);

/// Longer lists give their memory back.
const ROOM_KEPT: usize = 8;

impl<Acc> SpareLists<Acc> {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    fn take(&mut self) -> Vec<LiveWindow<Acc>> {
        self.0.pop().unwrap_or_else(|| Vec::with_capacity(2))
    }

    fn keep(&mut self, list: Vec<LiveWindow<Acc>>) {
        if list.capacity() <= ROOM_KEPT {
            self.0.push(list);
        }
    }
}

impl<Acc> WindowList<Acc> {
    /// Puts a window at `place`.
    pub(crate) fn insert(
        &mut self,
        place: usize,
        window: LiveWindow<Acc>,
        spare: &mut SpareLists<Acc>,
    ) {
        match std::mem::replace(self, Self::None) {
            Self::None => *self = Self::One(window),
            Self::One(other) => {
                let mut list = spare.take();
                list.push(other);
                list.insert(place, window);
                *self = Self::Many(list);
            }
            Self::Many(mut list) => {
                list.insert(place, window);
                *self = Self::Many(list);
            }
        }
    }

    /// Takes out the window at `place`, if there is one.
    pub(crate) fn remove(
        &mut self,
        place: usize,
        spare: &mut SpareLists<Acc>,
    ) -> Option<LiveWindow<Acc>> {
        match std::mem::replace(self, Self::None) {
            Self::None => None,
            Self::One(window) => Some(window),
            Self::Many(mut list) => {
                let window = (place < list.len()).then(|| list.remove(place));
                match list.is_empty() {
                    true => spare.keep(list),
                    false => *self = Self::Many(list),
                }
                window
            }
        }
    }

    /// Makes one window of those at `places`.
    pub(crate) fn join(
        &mut self,
        places: Range<usize>,
        absorb: impl Fn(&mut LiveWindow<Acc>, LiveWindow<Acc>),
    ) {
        let Self::Many(list) = self else { return };
        let place = places.start;
        let mut partners = list.drain(places);
        let Some(mut first) = partners.next() else {
            return;
        };
        partners.for_each(|other| absorb(&mut first, other));
        list.insert(place, first);
    }
}

impl<Acc> Deref for WindowList<Acc> {
    type Target = [LiveWindow<Acc>];

    #[inline(always)]
    fn deref(&self) -> &[LiveWindow<Acc>] {
        match self {
            Self::None => &[],
            Self::One(window) => std::slice::from_ref(window),
            Self::Many(list) => list,
        }
    }
}

impl<Acc> DerefMut for WindowList<Acc> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [LiveWindow<Acc>] {
        match self {
            Self::None => &mut [],
            Self::One(window) => std::slice::from_mut(window),
            Self::Many(list) => list,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Timestamp, Window};

    #[test]
    fn a_key_with_one_window_is_one_cache_line() {
        assert_eq!(std::mem::size_of::<KeyWindows<u64, u64>>(), 64);
    }

    fn live(end: i64) -> LiveWindow<()> {
        let time = Timestamp::from_nanos;
        LiveWindow::new(Window::new(time(0), time(end)), ())
    }

    fn ends(list: &WindowList<()>) -> Vec<i64> {
        list.iter().map(|live| live.window.end().nanos()).collect()
    }

    #[test]
    fn windows_come_and_go_and_leave_their_memory_to_others() {
        let (mut list, mut spare) = (WindowList::None, SpareLists::new());
        assert!(list.remove(0, &mut spare).is_none());
        for (place, end) in [(0, 2), (0, 1), (2, 4), (2, 3)] {
            list.insert(place, live(end), &mut spare);
        }
        assert_eq!(ends(&list), [1, 2, 3, 4]);
        list.join(1..3, |first, other| first.window = other.window);
        assert_eq!(ends(&list), [1, 3, 4]);
        assert!(list.remove(3, &mut spare).is_none());
        for end in [1, 3, 4] {
            assert!(spare.0.is_empty());
            let removed = list.remove(0, &mut spare).unwrap();
            assert_eq!(removed.window.end().nanos(), end);
        }
        assert!(list.is_empty());
        assert_eq!(spare.0.len(), 1);
        list.insert(0, live(1), &mut spare);
        assert_eq!(spare.0.len(), 1, "one needs none");
        list.insert(1, live(2), &mut spare);
        assert!(spare.0.is_empty());
        // A long one is not kept.
        for end in 3..20 {
            list.insert(0, live(end), &mut spare);
        }
        while list.remove(0, &mut spare).is_some() {}
        assert!(list.is_empty() && spare.0.is_empty());
    }
}
