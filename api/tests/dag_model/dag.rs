use fluxus::testing::Said;
use proptest::prelude::*;

/// A record that says where it comes from, which way it took, and its place
/// among those that did the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Event {
    /// The partition of a source, or the step whose windows made it.
    pub(crate) source: u32,
    pub(crate) key: u32,
    /// Changed by every step that a record may take or not.
    pub(crate) path: u64,
    pub(crate) sequence: u64,
    pub(crate) time: i64,
    /// How many barriers are ahead of it; none can be said of results of windows.
    pub(crate) epoch: Option<u64>,
    pub(crate) value: i64,
}

/// Those among which order is kept.
pub(crate) type Lineage = (u32, u32, u64);

impl Event {
    pub(crate) fn lineage(&self) -> Lineage {
        (self.source, self.key, self.path)
    }

    /// The same, gone this way.
    pub(crate) fn by_way(mut self, step: usize, branch: u64) -> Self {
        self.path = way(self.path, step, branch);
        self
    }
}

pub(crate) fn way(path: u64, step: usize, branch: u64) -> u64 {
    path.wrapping_mul(1_000_003)
        .wrapping_add(16 * step as u64 + branch + 1)
}

/// What a step does with the stream that it is given, or with two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Does {
    Map,
    Filter,
    FlatMap,
    Inspect,
    Rebalance,
    Broadcast,
    Gather,
    PartitionByKey,
    PartitionBySource,
    PartitionByPath,
    FanOut,
    Branch,
    TryMap,
    Aside,
    Union,
    UnionAll,
    Fold,
    Scan,
    Process,
    Tumbling,
    Sliding,
    Session,
    IntervalJoin,
    WindowJoin,
    CoGroup,
}

const ALL: [Does; 25] = [
    Does::Map,
    Does::Filter,
    Does::FlatMap,
    Does::Inspect,
    Does::Rebalance,
    Does::Broadcast,
    Does::Gather,
    Does::PartitionByKey,
    Does::PartitionBySource,
    Does::PartitionByPath,
    Does::FanOut,
    Does::Branch,
    Does::TryMap,
    Does::Aside,
    Does::Union,
    Does::UnionAll,
    Does::Fold,
    Does::Scan,
    Does::Process,
    Does::Tumbling,
    Does::Sliding,
    Does::Session,
    Does::IntervalJoin,
    Does::WindowJoin,
    Does::CoGroup,
];

/// One step: what it does, and to which of the streams that there are by then.
/// Streams that it makes come behind the others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) does: Does,
    pub(crate) stream: usize,
}

/// Sources of partitions, and the steps behind them.
#[derive(Clone, Debug)]
pub(crate) struct Dag {
    pub(crate) sources: Vec<Vec<Vec<Said<Event>>>>,
    pub(crate) steps: Vec<Step>,
}

/// Barriers in the script of a partition, at the most.
const BARRIERS: u64 = 2;

/// How far behind the latest record of its partition one may be.
const DISORDER: i64 = 10;

/// One line, as chance has it.
type Roll = (i64, i64, u32, u8);

/// A script of these lines, its barriers at these places. One that would stand
/// behind the end is none: a partition may end before it has said them all.
fn script(source: u32, rolls: &[Roll], barriers: [usize; BARRIERS as usize]) -> Vec<Said<Event>> {
    let mut places = barriers.map(|place| place % (rolls.len() + 2));
    places.sort_unstable();
    let (mut latest, mut risen, mut epoch) = (0, i64::MIN, 0);
    let mut sequences = [0; 5];
    let mut lines = Vec::new();
    for place in 0..=rolls.len() {
        for _ in places.iter().filter(|&&at| at == place) {
            epoch += 1;
            lines.push(Said::Barrier(epoch));
        }
        let Some(&(gap, back, key, extra)) = rolls.get(place) else {
            break;
        };
        // Even: no two records are just one gap of a session apart. There it
        // hangs on the watermark whether the session is still open.
        latest += 2 * gap;
        let time = (latest - 2 * back).max(risen.saturating_add(2));
        let sequence = &mut sequences[key as usize];
        lines.push(Said::Record(
            time,
            Event {
                source,
                key,
                path: 0,
                sequence: *sequence,
                time,
                epoch: Some(epoch),
                value: i64::from(extra),
            },
        ));
        *sequence += 1;
        if extra % 4 == 0 && latest - DISORDER > risen {
            risen = latest - DISORDER;
            lines.push(Said::Watermark(risen));
        }
        if extra % 7 == 0 {
            lines.push(Said::Quiet);
        }
    }
    lines
}

pub(crate) fn dags() -> impl Strategy<Value = Dag> {
    let roll = (0..4i64, 0..DISORDER / 2, 0..5u32, any::<u8>());
    let rolls = (prop::collection::vec(roll, 0..40), any::<[usize; 2]>());
    let partitions = prop::collection::vec(rolls, 1..4);
    let sources = prop::collection::vec(partitions, 1..4);
    let step = (prop::sample::select(ALL.to_vec()), any::<u16>());
    let steps = prop::collection::vec(step, 0..9);
    (sources, steps).prop_map(|(sources, steps)| {
        let mut number = 0;
        let mut scripted = |partitions: Vec<(Vec<Roll>, [usize; 2])>| {
            let partitions = partitions.iter();
            let script = partitions.map(|(rolls, barriers)| {
                number += 1;
                script(number, rolls, *barriers)
            });
            script.collect()
        };
        // Pairs of pairs of pairs are too many.
        let mut joins = 0;
        let mut step = |(does, stream): (Does, u16)| {
            let is_join = matches!(does, Does::IntervalJoin | Does::WindowJoin);
            joins += usize::from(is_join);
            Step {
                does: if joins > 2 && is_join {
                    Does::Map
                } else {
                    does
                },
                stream: stream.into(),
            }
        };
        Dag {
            sources: sources.into_iter().map(&mut scripted).collect(),
            steps: steps.into_iter().map(&mut step).collect(),
        }
    })
}

// ── what the closures of a step do, for the model and for the job ──

pub(crate) fn mapped(mut event: Event) -> Event {
    event.value = event.value.wrapping_mul(3).wrapping_add(1);
    event
}

pub(crate) fn keeps(step: usize, event: &Event) -> bool {
    (event.sequence + u64::from(event.key) + step as u64) % 3 != 0
}

/// None, one or two, each with a place of its own.
pub(crate) fn offspring(event: Event) -> impl Iterator<Item = Event> + Send {
    let count = (event.sequence + u64::from(event.key)) % 3;
    (0..count).map(move |n| Event {
        sequence: 2 * event.sequence + n,
        ..event.clone()
    })
}

pub(crate) fn chosen(event: &Event) -> usize {
    ((event.sequence ^ u64::from(event.key)) % 3) as usize
}

pub(crate) const SIZE: i64 = 20;
pub(crate) const SLIDE: i64 = 8;
pub(crate) const GAP: i64 = 5;

/// The result of a window, as an event that goes on.
pub(crate) fn result(step: usize, key: u32, (start, end): (i64, i64), value: i64) -> Event {
    Event {
        source: 1_000 + step as u32,
        key,
        path: way(0, step, 0),
        // Some windows begin before time 0.
        sequence: start.wrapping_add(1_000).unsigned_abs(),
        time: end - 1,
        epoch: None,
        value,
    }
}

/// How far a record of the second stream may be from one of the first.
pub(crate) const NEAR: (i64, i64) = (-3, 5);

/// Two events that met, as one that goes on: at the later of their times, or at
/// the end of their window.
pub(crate) fn pair(step: usize, left: &Event, right: &Event, time: i64) -> Event {
    Event {
        source: 2_000 + step as u32,
        key: left.key,
        path: way(
            left.path ^ right.path.rotate_left(7),
            left.source as usize,
            right.source.into(),
        ),
        sequence: left
            .sequence
            .wrapping_mul(1_000)
            .wrapping_add(right.sequence),
        time,
        epoch: None,
        value: left.value.wrapping_sub(right.value),
    }
}

/// What a window makes of its events: how many, and which, in any order.
pub(crate) fn folded(events: u64, values: i64) -> i64 {
    values.wrapping_mul(1_009).wrapping_add(events as i64)
}
