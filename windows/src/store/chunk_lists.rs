/// Lists of small things, in chunks that all come from one place and go back to it:
/// the buckets of the [wheel](super::timer_wheel::TimerWheel) and the
/// [ring](super::timer_ring::TimerRing) of timers.
///
/// ```text
///   list ──► [ c d e . ] ──► [ 8 9 a b ] ──► [ 4 5 6 7 ]     4 to a chunk; len is 3
/// ```
///
/// # Invariants
/// - every chunk is in one list or among the free ones;
/// - all chunks of a list are full but for the first, and the list's `len` counts in
///   that one.
#[derive(Debug)]
pub(crate) struct ChunkLists<T, const CHUNK: usize> {
    chunks: Vec<Chunk<T, CHUNK>>,
    /// The first free chunk.
    free: u32,
}

#[derive(Clone, Copy, Debug)]
struct Chunk<T, const CHUNK: usize> {
    items: [T; CHUNK],
    next: u32,
}

const NONE: u32 = u32::MAX;

/// One of the lists: its first chunk, and how many things are in that one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List<const CHUNK: usize> {
    chunk: u32,
    len: u32,
}

impl<const CHUNK: usize> List<CHUNK> {
    /// A list with nothing in it.
    pub(crate) const EMPTY: Self = Self {
        chunk: NONE,
        len: CHUNK as u32,
    };

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.chunk == NONE
    }
}

impl<T: Copy, const CHUNK: usize> ChunkLists<T, CHUNK> {
    /// No list yet; there is memory for so many chunks.
    pub(crate) fn with_room_for(chunks: usize) -> Self {
        Self {
            chunks: Vec::with_capacity(chunks),
            free: NONE,
        }
    }

    /// Adds to a list, if there is room in its first chunk. An empty list has none.
    #[inline(always)]
    pub(crate) fn push(&mut self, list: &mut List<CHUNK>, item: T) -> bool {
        if let Some(chunk) = self.chunks.get_mut(list.chunk as usize) {
            if let Some(place) = chunk.items.get_mut(list.len as usize) {
                *place = item;
                list.len += 1;
                return true;
            }
        }
        false
    }

    /// Adds to a list, in a chunk that is put in front of it.
    #[inline]
    pub(crate) fn push_in_new_chunk(&mut self, list: &mut List<CHUNK>, item: T) {
        let at = self.free;
        let next = list.chunk;
        list.len = 1;
        if let Some(chunk) = self.chunks.get_mut(at as usize) {
            self.free = chunk.next;
            chunk.items[0] = item;
            chunk.next = next;
            list.chunk = at;
            return;
        }
        // There are fewer chunks than things, and of those fewer than a number holds.
        list.chunk = self.chunks.len() as u32;
        let items = [item; CHUNK];
        self.chunks.push(Chunk { items, next });
    }

    /// Takes whole chunks off a list, until it is empty or so many things were taken;
    /// says how many.
    #[inline]
    pub(crate) fn take(&mut self, list: &mut List<CHUNK>, most: usize, into: &mut Vec<T>) -> usize {
        let before = into.len();
        while let Some(chunk) = self.chunks.get_mut(list.chunk as usize) {
            if into.len() - before >= most {
                break;
            }
            into.extend_from_slice(&chunk.items[..list.len as usize]);
            let next = std::mem::replace(&mut chunk.next, self.free);
            self.free = std::mem::replace(&mut list.chunk, next);
            list.len = CHUNK as u32;
        }
        into.len() - before
    }

    /// Forgets what is in any list; all are to be empty from here on.
    pub(crate) fn clear(&mut self) {
        self.chunks.clear();
        self.free = NONE;
    }

    /// Things for which there is memory, if all chunks are full.
    #[cfg(test)]
    pub(crate) fn room(&self) -> usize {
        self.chunks.capacity() * CHUNK
    }

    /// What is in a list, in no order.
    #[cfg(test)]
    pub(crate) fn iter(&self, list: List<CHUNK>) -> impl Iterator<Item = T> + '_ {
        let chunk = move |at: u32| self.chunks.get(at as usize);
        let chunks = std::iter::successors(chunk(list.chunk), move |c| chunk(c.next));
        let lens = std::iter::once(list.len as usize).chain(std::iter::repeat(CHUNK));
        chunks
            .zip(lens)
            .flat_map(|(chunk, len)| chunk.items[..len].iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_into_lists_comes_out_of_them_once_and_chunks_are_used_again() {
        let mut lists = ChunkLists::<u32, 4>::with_room_for(0);
        let mut heads = [List::<4>::EMPTY; 3];
        for round in 0..5u32 {
            for n in 0..60 {
                let head = &mut heads[n as usize % 3];
                if !lists.push(head, 100 * round + n) {
                    lists.push_in_new_chunk(head, 100 * round + n);
                }
            }
            assert_eq!(lists.chunks.len(), 15, "no more than are full at once");
            for (of, head) in (0..).zip(&mut heads) {
                let mut held: Vec<_> = lists.iter(*head).collect();
                let mut taken = Vec::new();
                while !head.is_empty() {
                    let before = taken.len();
                    let count = lists.take(head, 5, &mut taken);
                    assert_eq!(taken.len() - before, count);
                    assert!((1..=8).contains(&count), "{count}");
                }
                let mut expected: Vec<_> = (0..20).map(|n| 100 * round + 3 * n + of).collect();
                for numbers in [&mut held, &mut taken, &mut expected] {
                    numbers.sort_unstable();
                }
                assert_eq!((&held, &taken), (&expected, &expected));
            }
        }
    }
}
