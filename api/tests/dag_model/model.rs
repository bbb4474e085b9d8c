use super::dag::{
    chosen, folded, keeps, mapped, offspring, pair, result, Does, Event, Lineage, GAP, NEAR, SIZE,
    SLIDE,
};
use super::Dag;
use fluxus::testing::Said;
use std::collections::BTreeMap;

/// The most events of a stream, and pairs of one key that a join looks at. Chance
/// may broadcast to eight workers three times and join what came of it with itself:
/// that would take the model minutes.
const MOST: usize = 20_000;

/// What is to be heard of a stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expected {
    /// In the order of each.
    pub(crate) lineages: BTreeMap<Lineage, Vec<Event>>,
    /// Whether the order within a lineage was kept.
    pub(crate) is_ordered: bool,
}

impl Expected {
    fn of(events: impl IntoIterator<Item = Event>) -> Self {
        let mut lineages = BTreeMap::<_, Vec<Event>>::new();
        for event in events {
            lineages.entry(event.lineage()).or_default().push(event);
        }
        Self {
            lineages,
            is_ordered: true,
        }
    }

    fn events(&self) -> impl Iterator<Item = Event> + '_ {
        self.lineages.values().flatten().cloned()
    }

    fn len(&self) -> usize {
        self.lineages.values().map(Vec::len).sum()
    }

    /// How many pairs of one key there are.
    fn pairs(&self, other: &Self) -> usize {
        let mut keys = BTreeMap::<u32, usize>::new();
        for event in self.lineages.values().flatten() {
            *keys.entry(event.key).or_default() += 1;
        }
        let rights = other.lineages.values().flatten();
        let met = rights.map(|right| keys.get(&right.key).copied().unwrap_or(0));
        met.sum()
    }

    /// Whether all of it is from sources. (Results of windows may lie just one
    /// gap of a session apart.)
    pub(crate) fn is_raw(&self) -> bool {
        self.events().all(|event| event.epoch.is_some())
    }

    /// What each event becomes, lineage by lineage.
    fn each<I: IntoIterator<Item = Event>>(self, becomes: impl FnMut(Event) -> I) -> Self {
        let is_ordered = self.is_ordered;
        let events = self.events().flat_map(becomes);
        Self {
            is_ordered,
            ..Self::of(events)
        }
    }

    fn joined(mut self, other: Self) -> Self {
        for (lineage, mut events) in other.lineages {
            self.lineages
                .entry(lineage)
                .or_default()
                .append(&mut events);
        }
        self.is_ordered &= other.is_ordered;
        self
    }

    /// Their number within the lineage, if that can be said.
    fn counted(self) -> Self {
        let is_ordered = self.is_ordered;
        let mut counted = self;
        for events in counted.lineages.values_mut() {
            for (number, event) in (1..).zip(events) {
                event.value = if is_ordered { number } else { 0 };
            }
        }
        counted
    }

    /// The pairs of events of one key, or how many there are on each side of each
    /// window. What was doubled is doubled again: there is no order to speak of.
    fn met(&self, other: &Self, step: usize, does: Does) -> Self {
        let mut met = Vec::new();
        let mut sides = BTreeMap::<(u32, i64), (u64, u64)>::new();
        let window = |event: &Event| event.time.div_euclid(SIZE);
        for left in self.events() {
            for right in other.events().filter(|right| right.key == left.key) {
                let apart = right.time - left.time;
                if does == Does::IntervalJoin && (NEAR.0..=NEAR.1).contains(&apart) {
                    met.push(pair(step, &left, &right, left.time.max(right.time)));
                }
                if does == Does::WindowJoin && window(&left) == window(&right) {
                    let last = (window(&left) + 1) * SIZE - 1;
                    met.push(pair(step, &left, &right, last));
                }
            }
            sides.entry((left.key, window(&left))).or_default().0 += 1;
        }
        for right in other.events() {
            sides.entry((right.key, window(&right))).or_default().1 += 1;
        }
        if does == Does::CoGroup {
            for ((key, window), (lefts, rights)) in sides {
                let bounds = (window * SIZE, (window + 1) * SIZE);
                met.push(result(step, key, bounds, folded(lefts, rights as i64)));
            }
        }
        Self {
            is_ordered: does == Does::CoGroup,
            ..Self::of(met)
        }
    }

    /// Windows over the events of each key.
    fn windows(&self, step: usize, windows_of: impl Fn(&[i64]) -> Vec<(i64, i64)>) -> Self {
        let mut by_key = BTreeMap::<u32, Vec<Event>>::new();
        for event in self.events() {
            by_key.entry(event.key).or_default().push(event);
        }
        let mut results = Vec::new();
        for (key, events) in by_key {
            let times: Vec<i64> = events.iter().map(|event| event.time).collect();
            let mut windows = windows_of(&times);
            windows.sort_unstable();
            windows.dedup();
            for (start, end) in windows {
                let inside = events.iter().filter(|e| (start..end).contains(&e.time));
                let sum = inside.clone().map(|e| e.value).fold(0, i64::wrapping_add);
                let value = folded(inside.count() as u64, sum);
                results.push(result(step, key, (start, end), value));
            }
        }
        Self::of(results)
    }
}

fn tumbling(times: &[i64]) -> Vec<(i64, i64)> {
    let start = |time: &i64| time - time.rem_euclid(SIZE);
    times.iter().map(start).map(|s| (s, s + SIZE)).collect()
}

fn sliding(times: &[i64]) -> Vec<(i64, i64)> {
    let windows = |&time: &i64| {
        let last = time - time.rem_euclid(SLIDE);
        let starts = (0..).map(move |n| last - n * SLIDE);
        starts.take_while(move |start| start + SIZE > time)
    };
    times
        .iter()
        .flat_map(windows)
        .map(|start| (start, start + SIZE))
        .collect()
}

fn sessions(times: &[i64]) -> Vec<(i64, i64)> {
    let mut times = times.to_vec();
    times.sort_unstable();
    let mut sessions: Vec<(i64, i64)> = Vec::new();
    for time in times {
        match sessions.last_mut() {
            Some((_, end)) if time <= *end => *end = time + GAP,
            _ => sessions.push((time, time + GAP)),
        }
    }
    sessions
}

/// What each stream that is left at the end must say, at so many workers.
pub(crate) fn expected(dag: &Dag, workers: usize) -> Option<Vec<Expected>> {
    let source = |partitions: &Vec<Vec<Said<Event>>>| {
        let lines = partitions.iter().flatten();
        let event = |line: &Said<Event>| match line {
            Said::Record(_, event) => Some(event.clone()),
            _ => None,
        };
        Expected::of(lines.filter_map(event))
    };
    let mut streams: Vec<Expected> = dag.sources.iter().map(source).collect();
    for (step, taken) in dag.steps.iter().enumerate() {
        let stream = streams.remove(taken.stream % streams.len());
        let by_way = |event: Event, branch| event.by_way(step, branch);
        match taken.does {
            Does::Map => streams.push(stream.each(|event| [mapped(event)])),
            Does::Filter => {
                streams.push(stream.each(|event| Some(event).filter(|e| keeps(step, e))));
            }
            Does::FlatMap => streams.push(stream.each(offspring)),
            Does::Inspect
            | Does::Gather
            | Does::PartitionByKey
            | Does::PartitionBySource
            | Does::PartitionByPath => streams.push(stream),
            Does::Rebalance => streams.push(Expected {
                is_ordered: stream.is_ordered && workers == 1,
                ..stream
            }),
            Does::Broadcast => {
                let is_ordered = stream.is_ordered && workers == 1;
                let copied = stream.each(|event| vec![event; workers]);
                streams.push(Expected {
                    is_ordered,
                    ..copied
                });
            }
            Does::FanOut => {
                for branch in 0..2 {
                    streams.push(stream.clone().each(|event| [by_way(event, branch)]));
                }
            }
            Does::Branch => {
                for branch in 0..3 {
                    let goes = |e: &Event| chosen(e) == branch;
                    let went = |event| Some(event).filter(goes).map(|e| by_way(e, branch as u64));
                    streams.push(stream.clone().each(went));
                }
            }
            Does::TryMap => {
                for fails in [false, true] {
                    let goes = |e: &Event| keeps(step, e) != fails;
                    let went = |event| Some(event).filter(goes).map(|e| by_way(e, fails.into()));
                    streams.push(stream.clone().each(went));
                }
            }
            Does::Aside => {
                // The stream goes on without those that are not kept; aside goes
                // the offspring of all.
                let kept = |event| Some(event).filter(|e| keeps(step, e));
                streams.push(stream.clone().each(kept));
                let aside = |event| offspring(event).map(move |e| e.by_way(step, 0));
                streams.push(stream.each(aside));
            }
            Does::Union | Does::UnionAll => match streams.is_empty() {
                true => streams.push(stream),
                false => {
                    let other = streams.remove(taken.stream / 7 % streams.len());
                    streams.push(stream.joined(other));
                }
            },
            // With itself, where there is no other.
            Does::IntervalJoin | Does::WindowJoin | Does::CoGroup => {
                let other = match streams.is_empty() {
                    true => stream.clone(),
                    false => streams.remove(taken.stream / 7 % streams.len()),
                };
                if stream.pairs(&other) > MOST {
                    return None;
                }
                streams.push(stream.met(&other, step, taken.does));
            }
            Does::Fold | Does::Scan | Does::Process => streams.push(stream.counted()),
            Does::Tumbling => streams.push(stream.windows(step, tumbling)),
            Does::Sliding => streams.push(stream.windows(step, sliding)),
            Does::Session if stream.is_raw() => streams.push(stream.windows(step, sessions)),
            Does::Session => streams.push(stream.windows(step, tumbling)),
        }
        if streams.iter().any(|stream| stream.len() > MOST) {
            return None;
        }
    }
    Some(streams)
}
