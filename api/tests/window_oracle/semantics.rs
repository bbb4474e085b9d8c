//! The oracle: what a pipeline gives, worked out the long way.
//!
//! Times are 128 bits wide, so that nothing overflows before it is cut off at
//! the ends of time; every window keeps the list of its records, and every
//! result is made of that list anew.

use super::pipeline::{
    gap_of, Cause, Fold, Item, Pipeline, Record, Row, Value, Watermarks, Windows,
};
use std::collections::{BTreeMap, BTreeSet};

const BEGINNING: i128 = i64::MIN as i128;
const END: i128 = i64::MAX as i128;

/// What must come out.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// For each key, groups of results: the groups in this order, those of one
    /// group in any.
    pub rows: BTreeMap<u32, Vec<Vec<Row>>>,
    /// For each key, the numbers of its late records, in the order of the input.
    pub late: BTreeMap<u32, Vec<u64>>,
    /// How many records lay in no window.
    pub ignored: u64,
    /// The same results between the watermarks that came with them, in order:
    /// what a second window would see.
    pub stream: Vec<Seen>,
}

#[derive(Clone, Debug)]
pub enum Seen {
    Row(Row),
    Watermark(i64),
}

impl Expected {
    pub fn all_rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.values().flatten().flatten()
    }
}

/// Works out what a pipeline gives.
pub fn expected(pipeline: &Pipeline) -> Expected {
    let mut oracle = Oracle {
        pipeline,
        inputs: Inputs::new(pipeline.partitions),
        latest: vec![BEGINNING; pipeline.partitions],
        watermark: BEGINNING,
        open: BTreeMap::new(),
        counted: BTreeMap::new(),
        moment: 0,
        last_group: BTreeMap::new(),
        out: Expected::default(),
    };
    for &item in &pipeline.items {
        oracle.item(item);
    }
    // Whatever is still open ends, all at once.
    for input in &mut oracle.inputs.0 {
        input.state = State::Ended;
    }
    oracle.combine();
    oracle.out
}

/// The inputs whose watermarks are combined.
struct Inputs(Vec<Input>);

struct Input {
    watermark: i128,
    state: State,
    /// It was idle, and lags behind what was combined without it.
    lags: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Active,
    Idle,
    Ended,
}

impl Inputs {
    fn new(count: usize) -> Self {
        let silent = |_| Input {
            watermark: BEGINNING,
            state: State::Active,
            lags: false,
        };
        Self((0..count).map(silent).collect())
    }

    /// The minimum over those that are active and have caught up; the maximum
    /// over all when none is active; the end of time when all have ended.
    fn combined(&self) -> Option<i128> {
        let Self(inputs) = self;
        if inputs.iter().all(|input| input.state == State::Ended) {
            return Some(END);
        }
        if inputs.iter().all(|input| input.state != State::Active) {
            return inputs.iter().map(|input| input.watermark).max();
        }
        let counts = |input: &&Input| input.state == State::Active && !input.lags;
        inputs.iter().filter(counts).map(|i| i.watermark).min()
    }
}

/// A window that is kept.
#[derive(Clone, Debug)]
struct Open {
    start: i128,
    end: i128,
    /// What it holds, in the order of the input.
    records: Vec<Record>,
    /// How many records have come since its last result.
    since: u32,
    /// Where it gives an early result next.
    early: Option<i128>,
    /// It has given its result on time, or came too late for that.
    is_over: bool,
}

impl Open {
    /// The last instant of the window.
    fn last(&self) -> i128 {
        last_of(self.end)
    }
}

fn last_of(end: i128) -> i128 {
    cut(end - 1)
}

fn cut(time: i128) -> i128 {
    time.clamp(BEGINNING, END)
}

fn narrow(time: i128) -> i64 {
    cut(time) as i64
}

struct Oracle<'a> {
    pipeline: &'a Pipeline,
    inputs: Inputs,
    latest: Vec<i128>,
    watermark: i128,
    open: BTreeMap<u32, Vec<Open>>,
    /// Of each key: all records that its windows of records have seen.
    counted: BTreeMap<u32, Vec<Record>>,
    /// Counts what happens: results of different moments are in order.
    moment: u64,
    /// When, and for what instant, a key last gave a result.
    last_group: BTreeMap<u32, (u64, Option<i128>)>,
    out: Expected,
}

impl Oracle<'_> {
    fn item(&mut self, item: Item) {
        match item {
            Item::Record(record) => {
                self.wake(record.partition);
                self.moment += 1;
                self.record(record);
                if let Watermarks::Bounded { bound } = self.pipeline.watermarks {
                    let latest = &mut self.latest[record.partition];
                    *latest = (*latest).max(record.time.into());
                    let watermark = cut(*latest - i128::from(bound) - 1);
                    self.watermark_of(record.partition, watermark);
                }
            }
            Item::Watermark { partition, time } => self.watermark_of(partition, time.into()),
            Item::Idle { partition } => self.leave(partition, State::Idle),
            Item::End { partition } => self.leave(partition, State::Ended),
            Item::Active { partition } => self.wake(partition),
        }
    }

    fn wake(&mut self, partition: usize) {
        let input = &mut self.inputs.0[partition];
        if input.state == State::Idle {
            input.state = State::Active;
            input.lags = input.watermark < self.watermark;
            self.combine();
        }
    }

    fn leave(&mut self, partition: usize, state: State) {
        let input = &mut self.inputs.0[partition];
        if input.state != State::Ended {
            input.state = state;
            self.combine();
        }
    }

    fn watermark_of(&mut self, partition: usize, time: i128) {
        let input = &mut self.inputs.0[partition];
        if input.state == State::Active && time > input.watermark {
            input.watermark = time;
            input.lags &= time < self.watermark;
            self.combine();
        }
    }

    fn combine(&mut self) {
        let Some(combined) = self.inputs.combined() else {
            return;
        };
        if combined > self.watermark {
            self.watermark = combined;
            self.moment += 1;
            self.rise();
            let seen = Seen::Watermark(narrow(combined));
            self.out.stream.push(seen);
        }
    }

    /// Does everything that the watermark has reached, for each key in the order
    /// of time.
    fn rise(&mut self) {
        if self.watermark == END {
            self.rests();
        }
        for key in self.open.keys().copied().collect::<Vec<_>>() {
            let mut windows = self.open.remove(&key).unwrap_or_default();
            loop {
                let due = |window: &Open| self.due(window);
                let first = (0..windows.len()).min_by_key(|&at| due(&windows[at]));
                let Some(at) = first.filter(|&at| due(&windows[at]) <= self.watermark) else {
                    break;
                };
                let time = due(&windows[at]);
                let window = &mut windows[at];
                if window.is_over || !self.pipeline.trigger.at_end {
                    windows.remove(at);
                } else if time == window.last() {
                    self.fire(key, window, Cause::OnTime, Some(time));
                    window.since = 0;
                    window.early = None;
                    window.is_over = true;
                } else {
                    self.fire(key, window, Cause::Early, Some(time));
                    window.early = Some(self.next_early(time, window));
                }
            }
            if !windows.is_empty() {
                self.open.insert(key, windows);
            }
        }
    }

    /// The next moment at which something happens to a window by itself.
    fn due(&self, window: &Open) -> i128 {
        match window.is_over || !self.pipeline.trigger.at_end {
            true => self.gone(window.end),
            false => window.early.unwrap_or(END).min(window.last()),
        }
    }

    /// The watermark at which a window is dropped.
    fn gone(&self, end: i128) -> i128 {
        cut(last_of(end) + i128::from(self.pipeline.lateness))
    }

    /// The first multiple of the interval after `time`.
    fn multiple_after(&self, time: i128) -> i128 {
        let every = i128::from(self.pipeline.trigger.early_every.unwrap_or(1));
        cut((time.div_euclid(every) + 1) * every)
    }

    fn next_early(&self, early: i128, window: &Open) -> i128 {
        let every = i128::from(self.pipeline.trigger.early_every.unwrap_or(1));
        let next = match window.end == END {
            // All the rest of time: once a watermark.
            true => self.multiple_after(self.watermark),
            false => early + every,
        };
        next.min(window.last())
    }

    fn fire(&mut self, key: u32, window: &mut Open, cause: Cause, time: Option<i128>) {
        if window.records.is_empty() {
            return;
        }
        let row = Row {
            key,
            start: narrow(window.start),
            end: narrow(window.end),
            cause,
            value: fold(self.pipeline.fold, &window.records),
        };
        window.since = 0;
        if self.pipeline.trigger.discards {
            window.records.clear();
        }
        self.give(row, time);
    }

    fn give(&mut self, row: Row, time: Option<i128>) {
        let group = (self.moment, time);
        let before = self.last_group.insert(row.key, group);
        let groups = self.out.rows.entry(row.key).or_default();
        if before != Some(group) {
            groups.push(Vec::new());
        }
        self.out.stream.push(Seen::Row(row.clone()));
        if let Some(last) = groups.last_mut() {
            last.push(row);
        }
    }

    fn late(&mut self, record: Record) {
        let key = self.pipeline.key_of(&record);
        self.out.late.entry(key).or_default().push(record.id);
    }

    fn record(&mut self, record: Record) {
        if self.pipeline.windows.count_records() {
            return self.count(record);
        }
        let time = i128::from(record.time);
        let assigned = windows_of(self.pipeline.windows, &record);
        if assigned.is_empty() {
            let is_behind = cut(time + i128::from(self.pipeline.lateness)) <= self.watermark;
            match is_behind {
                true => self.late(record),
                false => self.out.ignored += 1,
            }
            return;
        }
        let key = self.pipeline.key_of(&record);
        let mut windows = self.open.remove(&key).unwrap_or_default();
        let mut is_kept = false;
        for (start, end) in assigned {
            let mut window = Open {
                start,
                end,
                records: Vec::new(),
                since: 0,
                early: None,
                is_over: false,
            };
            // Those that become one with it, or the one that is it.
            let is_session = matches!(
                self.pipeline.windows,
                Windows::Session { .. } | Windows::SessionOfRecords { .. }
            );
            let is_same = |other: &Open| match is_session {
                true => other.start <= end && start <= other.end,
                false => (other.start, other.end) == (start, end),
            };
            let (same, others): (Vec<Open>, Vec<Open>) = windows.into_iter().partition(is_same);
            windows = others;
            for other in same {
                window.start = window.start.min(other.start);
                window.end = window.end.max(other.end);
                window.records.extend(other.records);
                window.since += other.since;
                let earlies = [window.early, other.early];
                window.early = earlies.into_iter().flatten().min();
            }
            if self.gone(window.end) <= self.watermark {
                continue;
            }
            is_kept = true;
            window.records.push(record);
            window.records.sort_by_key(|record| record.id);
            window.since += 1;
            self.record_in(key, &mut window, time);
            windows.push(window);
        }
        if !windows.is_empty() {
            self.open.insert(key, windows);
        }
        if !is_kept {
            self.late(record);
        }
    }

    /// What a record that has just come does to its window.
    fn record_in(&mut self, key: u32, window: &mut Open, time: i128) {
        let trigger = self.pipeline.trigger;
        let has_ended = window.last() <= self.watermark;
        if trigger.at_end {
            window.is_over = has_ended;
            if has_ended {
                window.early = None;
            } else if trigger.early_every.is_some() && window.early.is_none() {
                window.early = Some(self.multiple_after(time).min(window.last()));
            }
        }
        let is_enough = trigger.count.is_some_and(|count| window.since >= count);
        if is_enough || (trigger.at_end && has_ended) {
            let cause = match has_ended {
                true => Cause::Late,
                false => Cause::Early,
            };
            self.fire(key, window, cause, None);
        }
    }

    /// A record in windows of so many records.
    fn count(&mut self, record: Record) {
        if self.watermark == END {
            return self.late(record);
        }
        let key = self.pipeline.key_of(&record);
        let seen = self.counted.entry(key).or_default();
        seen.push(record);
        let length = seen.len() as u64;
        let (size, slide, with_rest) = counts(self.pipeline.windows);
        let is_in_gap = !with_rest && (length - 1) % slide < slide.saturating_sub(size);
        if is_in_gap {
            self.out.ignored += 1;
        } else if length % slide == 0 {
            self.give_counted(key, Cause::OnTime);
        }
    }

    fn give_counted(&mut self, key: u32, cause: Cause) {
        let seen = &self.counted[&key];
        let (size, slide, _) = counts(self.pipeline.windows);
        let is_tumbling = matches!(self.pipeline.windows, Windows::CountTumbling { .. });
        let length = seen.len() as u64;
        let most = match (is_tumbling, length % slide) {
            // The rest of a window that is not full.
            (true, rest @ 1..) => rest,
            _ => size.min(length),
        };
        let last = &seen[(length - most) as usize..];
        let row = Row {
            key,
            start: i64::MIN,
            end: i64::MAX,
            cause,
            value: fold(self.pipeline.fold, last),
        };
        self.give(row, None);
    }

    /// What is left of windows of records at the end.
    fn rests(&mut self) {
        if !self.pipeline.windows.count_records() {
            return;
        }
        let (_, slide, with_rest) = counts(self.pipeline.windows);
        for key in self.counted.keys().copied().collect::<Vec<_>>() {
            if with_rest && self.counted[&key].len() as u64 % slide != 0 {
                self.give_counted(key, Cause::Early);
            }
        }
    }
}

/// Size, slide and whether the rest comes out, of windows of records.
fn counts(windows: Windows) -> (u64, u64, bool) {
    match windows {
        Windows::CountTumbling { n, with_rest } => (n, n, with_rest),
        Windows::CountSliding {
            size,
            slide,
            with_rest,
        } => (size, slide, with_rest),
        _ => unreachable!("windows of time"),
    }
}

/// The windows of a record before anything is merged, by trying those around it.
fn windows_of(windows: Windows, record: &Record) -> Vec<(i128, i128)> {
    let time = i128::from(record.time);
    let wide = i128::from;
    let mut found = Vec::new();
    let mut try_one = |start: i128, end: i128| {
        let window = (cut(start), cut(end));
        // Windows that the end of time makes equal are one.
        if start <= time && time < end && !found.contains(&window) {
            found.push(window);
        }
    };
    match windows {
        Windows::Tumbling { size, offset } => {
            let about = time / wide(size);
            for number in about - 3..=about + 3 {
                let start = number * wide(size) + wide(offset);
                try_one(start, start + wide(size));
            }
        }
        Windows::Sliding {
            size,
            slide,
            offset,
        } => {
            let about = time / wide(slide);
            let reach = wide(size) / wide(slide) + 3;
            for number in about - reach..=about + 3 {
                let start = number * wide(slide) + wide(offset);
                try_one(start, start + wide(size));
            }
        }
        Windows::Cumulating { step, size, offset } => {
            let about = time / wide(size);
            for number in about - 3..=about + 3 {
                let start = number * wide(size) + wide(offset);
                for steps in 1..=wide(size) / wide(step) {
                    try_one(start, start + steps * wide(step));
                }
            }
        }
        Windows::Session { gap } => return vec![(time, cut(time + wide(gap)))],
        Windows::SessionOfRecords { most } => {
            let gap = gap_of(record, most).max(1);
            return vec![(time, cut(time + wide(gap)))];
        }
        Windows::Global => return vec![(BEGINNING, END)],
        Windows::CountTumbling { .. } | Windows::CountSliding { .. } => {}
    }
    found
}

fn fold(fold: Fold, records: &[Record]) -> Value {
    let values = || records.iter().map(|record| record.value);
    let sum: i128 = values().map(i128::from).sum();
    match fold {
        Fold::Numbers => Value::Numbers {
            count: records.len() as u64,
            sum,
            mean: sum as f64 / records.len() as f64,
        },
        Fold::Extremes => Value::Extremes {
            min: values().min().unwrap_or_default(),
            max: values().max().unwrap_or_default(),
        },
        Fold::Ends => Value::Ends {
            first: records[0].id,
            last: records[records.len() - 1].id,
        },
        Fold::Lists => Value::Lists {
            all: records.iter().map(|record| record.id).collect(),
            distinct: values().collect::<BTreeSet<i64>>().len() as u64,
        },
    }
}
