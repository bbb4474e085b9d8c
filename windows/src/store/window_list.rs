use crate::store::live_window::LiveWindow;
use crate::store::timers::Timer;
use crate::{Timestamp, Window};
use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::ops::Range;

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
    Few(Vec<LiveWindow<Acc>>),
    /// More than it is worth shifting, as a window comes or goes.
    Many(BTreeMap<Place, LiveWindow<Acc>>),
}

/// Where a window lies in the list of its key: its end, and its start.
type Place = (Timestamp, Timestamp);

#[inline]
fn place_of(window: Window) -> Place {
    (window.end(), window.start())
}

/// Windows that a key has before they are many: to shift half of them is 2 kB.
const MOST_FEW: usize = 64;
/// Windows that are few again.
const FEW_AGAIN: usize = 16;

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

/// The windows that another one overlaps or touches, where windows merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Partners {
    /// How many they are.
    pub(crate) count: usize,
    /// What becomes of the last of them and the other one together.
    pub(crate) merged_with_last: Window,
}

impl<Acc> WindowList<Acc> {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::None)
    }

    /// The newest window, if all that it takes is to look at the end of a list; in
    /// that it may grow.
    #[inline(always)]
    pub(crate) fn newest(&mut self) -> Option<&mut LiveWindow<Acc>> {
        match self {
            Self::One(window) => Some(window),
            Self::Few(list) => list.last_mut(),
            Self::None | Self::Many(_) => None,
        }
    }

    /// A window that is in the list.
    #[inline]
    pub(crate) fn window_mut(&mut self, window: Window) -> Option<&mut LiveWindow<Acc>> {
        match self {
            Self::None => None,
            Self::One(only) => Some(only).filter(|only| only.window == window),
            Self::Few(list) => {
                let place = find(list, place_of(window)).ok()?;
                list.get_mut(place)
            }
            Self::Many(tree) => tree.get_mut(&place_of(window)),
        }
    }

    /// The window to which `timer` belongs; none if it is stale.
    ///
    /// A window that has merged may end later than its timer says, and is then the
    /// first that reaches so far.
    #[inline]
    pub(crate) fn owner(&mut self, timer: Timer) -> Option<&mut LiveWindow<Acc>> {
        // Most keys have one window.
        if let Self::One(only) = self {
            return Some(only).filter(|only| only.reaches(timer.end) && only.timer_at == timer.at);
        }
        self.owner_of_several(timer)
    }

    #[inline(never)]
    fn owner_of_several(&mut self, timer: Timer) -> Option<&mut LiveWindow<Acc>> {
        match self {
            Self::None | Self::One(_) => None,
            Self::Few(list) => {
                let first = list.partition_point(|live| !live.reaches(timer.end));
                owner_among(list[first..].iter_mut(), timer)
            }
            Self::Many(tree) => {
                let first = (timer.end, Timestamp::MIN);
                owner_among(tree.range_mut(first..).map(|(_, live)| live), timer)
            }
        }
    }

    /// The windows that `window` overlaps or touches, where windows merge.
    pub(crate) fn partners(&self, window: Window) -> Partners {
        let none = Partners {
            count: 0,
            merged_with_last: window,
        };
        let add = |partners: Partners, live: &LiveWindow<Acc>| Partners {
            count: partners.count + 1,
            merged_with_last: live.window.cover(window),
        };
        match self {
            Self::None => none,
            Self::One(only) if only.window.touches(window) => add(none, only),
            Self::One(_) => none,
            Self::Few(list) => list[touching(list, window)].iter().fold(none, add),
            Self::Many(tree) => {
                let reaching = tree.range((window.start(), Timestamp::MIN)..);
                let touching = reaching.map(|(_, live)| live);
                touching
                    .take_while(|live| live.window.start() <= window.end())
                    .fold(none, add)
            }
        }
    }

    /// Puts in a window that is not in the list.
    pub(crate) fn insert(&mut self, window: LiveWindow<Acc>, spare: &mut SpareLists<Acc>) {
        let place = place_of(window.window);
        match std::mem::replace(self, Self::None) {
            Self::None => *self = Self::One(window),
            Self::One(other) => {
                let mut list = spare.take();
                list.push(other);
                let (Ok(at) | Err(at)) = find(&list, place);
                list.insert(at, window);
                *self = Self::Few(list);
            }
            Self::Few(mut list) if list.len() < MOST_FEW => {
                let (Ok(at) | Err(at)) = find(&list, place);
                list.insert(at, window);
                *self = Self::Few(list);
            }
            Self::Few(list) => {
                let several = list.into_iter().chain([window]);
                let placed = several.map(|live| (place_of(live.window), live));
                *self = Self::Many(placed.collect());
            }
            Self::Many(mut tree) => {
                tree.insert(place, window);
                *self = Self::Many(tree);
            }
        }
    }

    /// Takes out a window, if it is in the list.
    pub(crate) fn remove(
        &mut self,
        window: Window,
        spare: &mut SpareLists<Acc>,
    ) -> Option<LiveWindow<Acc>> {
        let place = place_of(window);
        match std::mem::replace(self, Self::None) {
            Self::None => None,
            Self::One(only) if only.window == window => Some(only),
            Self::One(other) => {
                *self = Self::One(other);
                None
            }
            Self::Few(mut list) => {
                let window = find(&list, place).ok().map(|at| list.remove(at));
                match list.is_empty() {
                    true => spare.keep(list),
                    false => *self = Self::Few(list),
                }
                window
            }
            Self::Many(mut tree) => {
                let window = tree.remove(&place);
                *self = match tree.len() <= FEW_AGAIN {
                    true => Self::Few(tree.into_values().collect()),
                    false => Self::Many(tree),
                };
                window
            }
        }
    }

    /// Makes one window of `window` and those that it overlaps or touches, at least
    /// one: the first of them, which absorbs the others.
    pub(crate) fn join(
        &mut self,
        window: Window,
        absorb: impl Fn(&mut LiveWindow<Acc>, LiveWindow<Acc>),
    ) -> Option<&mut LiveWindow<Acc>> {
        match self {
            Self::None => None,
            Self::One(only) => {
                only.window = only.window.cover(window);
                Some(only)
            }
            Self::Few(list) => {
                let places = touching(list, window);
                let first = places.start;
                if places.len() > 1 {
                    let mut partners = list.drain(places);
                    let mut joined = partners.next()?;
                    partners.for_each(|other| absorb(&mut joined, other));
                    list.insert(first, joined);
                }
                let joined = list.get_mut(first)?;
                joined.window = joined.window.cover(window);
                Some(joined)
            }
            Self::Many(tree) => {
                let mut joined = take_touching(tree, window)?;
                while let Some(other) = take_touching(tree, window) {
                    absorb(&mut joined, other);
                }
                joined.window = joined.window.cover(window);
                let place = place_of(joined.window);
                Some(tree.entry(place).or_insert(joined))
            }
        }
    }

    /// All windows.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &LiveWindow<Acc>> {
        let (few, tree): (&[_], _) = match self {
            Self::None => (&[], None),
            Self::One(only) => (std::slice::from_ref(only), None),
            Self::Few(list) => (list, None),
            Self::Many(tree) => (&[], Some(tree)),
        };
        few.iter()
            .chain(tree.into_iter().flat_map(BTreeMap::values))
    }
}

/// The place of a window, or where it is to be put.
fn find<Acc>(list: &[LiveWindow<Acc>], place: Place) -> Result<usize, usize> {
    list.binary_search_by_key(&place, |live| place_of(live.window))
}

/// The owner of `timer` among the windows that reach to its end.
fn owner_among<'a, Acc: 'a>(
    mut reaching: impl Iterator<Item = &'a mut LiveWindow<Acc>>,
    timer: Timer,
) -> Option<&'a mut LiveWindow<Acc>> {
    let first = reaching.next()?;
    if first.timer_at == timer.at {
        return Some(first);
    }
    let mut of_same_end = reaching.take_while(|live| live.window.end() == timer.end);
    of_same_end.find(|live| live.timer_at == timer.at)
}

/// The places of the windows that `window` overlaps or touches.
fn touching<Acc>(list: &[LiveWindow<Acc>], window: Window) -> Range<usize> {
    let first = list.partition_point(|live| !live.reaches(window.start()));
    let rest = &list[first..];
    first..first + rest.partition_point(|live| live.window.start() <= window.end())
}

/// Takes out the first window that `window` overlaps or touches.
fn take_touching<Acc>(
    tree: &mut BTreeMap<Place, LiveWindow<Acc>>,
    window: Window,
) -> Option<LiveWindow<Acc>> {
    let mut reaching = tree.range((window.start(), Timestamp::MIN)..);
    let (&place, first) = reaching.next()?;
    match first.window.start() <= window.end() {
        true => tree.remove(&place),
        false => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Slot;
    use std::collections::BTreeSet;

    #[test]
    fn a_key_with_one_window_is_one_cache_line() {
        assert_eq!(std::mem::size_of::<KeyWindows<u64, u64>>(), 64);
        assert_eq!(std::mem::size_of::<KeyWindows<u64, [u64; 2]>>(), 64);
    }

    fn at(nanos: i64) -> Timestamp {
        Timestamp::from_nanos(nanos)
    }

    fn window(start: i64, end: i64) -> Window {
        Window::new(at(start), at(end))
    }

    fn live(window: Window) -> LiveWindow<()> {
        LiveWindow {
            timer_at: window.last_instant(),
            ..LiveWindow::new(window, ())
        }
    }

    fn windows(list: &WindowList<()>) -> Vec<Window> {
        list.iter().map(|live| live.window).collect()
    }

    #[test]
    fn windows_come_and_go_and_leave_their_memory_to_others() {
        let (mut list, mut spare) = (WindowList::None, SpareLists::new());
        assert!(list.remove(window(0, 1), &mut spare).is_none());
        for end in [2, 1, 4, 3] {
            list.insert(live(window(0, end)), &mut spare);
        }
        assert_eq!(windows(&list), [1, 2, 3, 4].map(|end| window(0, end)));
        assert!(list.remove(window(1, 4), &mut spare).is_none());
        for end in [1, 4, 3, 2] {
            assert!(spare.0.is_empty());
            let removed = list.remove(window(0, end), &mut spare).unwrap();
            assert_eq!(removed.window, window(0, end));
        }
        assert!(list.is_empty());
        assert_eq!(spare.0.len(), 1);
        list.insert(live(window(0, 1)), &mut spare);
        assert_eq!(spare.0.len(), 1, "one needs none");
        list.insert(live(window(0, 2)), &mut spare);
        assert!(spare.0.is_empty());
        // A long one is not kept.
        for end in 3..20 {
            list.insert(live(window(0, end)), &mut spare);
        }
        for end in 1..20 {
            assert!(list.remove(window(0, end), &mut spare).is_some());
        }
        assert!(list.is_empty() && spare.0.is_empty());
    }

    /// Few or many, it is an ordered set of windows: every answer against one.
    #[test]
    fn it_agrees_with_a_set_as_it_grows_and_shrinks() {
        let mut random = 1u64;
        let mut dice = move |sides: i64| {
            random = random.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
            (random >> 33) as i64 % sides
        };
        let (mut list, mut spare) = (WindowList::None, SpareLists::new());
        let mut oracle: BTreeSet<Place> = BTreeSet::new();
        let (mut forms, mut joins) = (BTreeSet::new(), 0);
        for step in 0..20_000 {
            // It grows to some hundred windows, and shrinks to none, over and over.
            let is_growing = step % 2_000 < 1_200;
            let start = 20 * dice(400);
            let new = window(start, start + 1 + dice(12));
            if is_growing {
                let partners: Vec<Place> = oracle
                    .iter()
                    .filter(|&&(end, start)| Window::new(start, end).touches(new))
                    .copied()
                    .collect();
                let cover = |one: Window, &(end, start): &Place| one.cover(Window::new(start, end));
                let merged = partners.iter().fold(new, cover);
                let answer = list.partners(new);
                assert_eq!(answer.count, partners.len());
                assert_eq!(
                    answer.merged_with_last,
                    partners.last().map_or(new, |last| cover(new, last))
                );
                match answer.count {
                    0 => list.insert(live(new), &mut spare),
                    _ => {
                        let absorb = |one: &mut LiveWindow<()>, other: LiveWindow<()>| {
                            one.window = one.window.cover(other.window);
                        };
                        let joined = list.join(new, absorb).unwrap();
                        assert_eq!(joined.window, merged);
                        joined.timer_at = merged.last_instant();
                        joins += 1;
                    }
                }
                partners.iter().for_each(|place| {
                    oracle.remove(place);
                });
                oracle.insert(place_of(merged));
            } else if let Some(&place) = oracle.iter().nth(dice(5) as usize) {
                let gone = Window::new(place.1, place.0);
                let timer = Timer {
                    at: gone.last_instant(),
                    end: gone.end(),
                    slot: Slot(0),
                };
                assert_eq!(list.owner(timer).map(|live| live.window), Some(gone));
                assert!(list.window_mut(gone).is_some());
                assert_eq!(list.remove(gone, &mut spare).unwrap().window, gone);
                assert!(list.owner(timer).is_none() && list.window_mut(gone).is_none());
                oracle.remove(&place);
            }
            assert!(list
                .iter()
                .map(|live| place_of(live.window))
                .eq(oracle.iter().copied()));
            if let Some(newest) = list.newest() {
                assert_eq!(Some(&place_of(newest.window)), oracle.last());
            }
            forms.insert(match list {
                WindowList::None => "none",
                WindowList::One(_) => "one",
                WindowList::Few(_) => "few",
                WindowList::Many(_) => "many",
            });
        }
        assert_eq!((forms.len(), joins > 1_000), (4, true));
    }
}
