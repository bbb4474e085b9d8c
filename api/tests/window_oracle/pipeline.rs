//! What is run: described in plain numbers, and printed in words.

use std::fmt;

/// A record of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    pub id: u64,
    pub partition: usize,
    pub key: u32,
    pub value: i64,
    pub time: i64,
}

/// What happens in the input, one thing after another.
///
/// A record wakes its partition if that is idle; what is still open at the end
/// of the items ends there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    Record(Record),
    Watermark { partition: usize, time: i64 },
    Idle { partition: usize },
    Active { partition: usize },
    End { partition: usize },
}

impl Item {
    pub fn record(self) -> Option<Record> {
        match self {
            Item::Record(record) => Some(record),
            _ => None,
        }
    }

    /// The same item of the only partition, if it is of this one.
    pub fn of(mut self, wanted: usize) -> Option<Self> {
        let partition = match &mut self {
            Item::Record(record) => &mut record.partition,
            Item::Watermark { partition, .. }
            | Item::Idle { partition }
            | Item::Active { partition }
            | Item::End { partition } => partition,
        };
        (std::mem::take(partition) == wanted).then_some(self)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Windows {
    Tumbling {
        size: i64,
        offset: i64,
    },
    Sliding {
        size: i64,
        slide: i64,
        offset: i64,
    },
    Cumulating {
        step: i64,
        size: i64,
        offset: i64,
    },
    Session {
        gap: i64,
    },
    /// Each record brings a gap of at most `most`, made of its value.
    SessionOfRecords {
        most: i64,
    },
    Global,
    CountTumbling {
        n: u64,
        with_rest: bool,
    },
    CountSliding {
        size: u64,
        slide: u64,
        with_rest: bool,
    },
}

impl Windows {
    pub fn count_records(self) -> bool {
        matches!(
            self,
            Windows::CountTumbling { .. } | Windows::CountSliding { .. }
        )
    }
}

/// The gap that a record brings to its session: an odd one, or zero, which
/// counts as one.
pub fn gap_of(record: &Record, most: i64) -> i64 {
    match (record.value * 7).rem_euclid(most) {
        0 => 0,
        gap => gap | 1,
    }
}

/// When windows of time give results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// At the window's end, and then for each late record; else only by count.
    pub at_end: bool,
    pub early_every: Option<i64>,
    /// Whenever so many records have come since the last result.
    pub count: Option<u32>,
    pub discards: bool,
}

impl Trigger {
    pub const AT_END: Self = Self {
        at_end: true,
        early_every: None,
        count: None,
        discards: false,
    };
}

/// What is made of the records of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// Count, sum and mean of the values: what can be taken back.
    Numbers,
    /// Smallest and largest value.
    Extremes,
    /// The numbers of the first and the last record.
    Ends,
    /// The numbers of all records, and how many different values they have.
    Lists,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Numbers { count: u64, sum: i128, mean: f64 },
    Extremes { min: i64, max: i64 },
    Ends { first: u64, last: u64 },
    Lists { all: Vec<u64>, distinct: u64 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watermarks {
    /// The items say them.
    Explicit,
    /// Behind every record, so much behind the latest of its partition.
    Bounded { bound: i64 },
}

/// One random job.
#[derive(Clone, Debug)]
pub struct Pipeline {
    pub windows: Windows,
    pub trigger: Trigger,
    pub lateness: i64,
    pub fold: Fold,
    /// By key, or all records together (under key 0).
    pub keyed: bool,
    pub partitions: usize,
    pub watermarks: Watermarks,
    pub items: Vec<Item>,
}

impl Pipeline {
    pub fn records(&self) -> impl Iterator<Item = Record> + '_ {
        self.items.iter().filter_map(|item| item.record())
    }

    pub fn key_of(&self, record: &Record) -> u32 {
        match self.keyed {
            true => record.key,
            false => 0,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    Early,
    OnTime,
    Late,
}

/// One result.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub key: u32,
    pub start: i64,
    pub end: i64,
    pub cause: Cause,
    pub value: Value,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            key,
            start,
            end,
            cause,
            value,
        } = self;
        write!(f, "key {key} [{start}, {end}) {cause:?} {value:?}")
    }
}

impl fmt::Display for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = if self.keyed { "by key" } else { "all together" };
        writeln!(f, "{:?} of {:?}, {by}", self.fold, self.windows)?;
        if self.trigger != Trigger::AT_END {
            writeln!(f, "{:?}", self.trigger)?;
        }
        if self.lateness != 0 {
            writeln!(f, "allowed lateness {}", self.lateness)?;
        }
        let partitions = self.partitions;
        writeln!(
            f,
            "{partitions} partitions, watermarks {:?}",
            self.watermarks
        )?;
        for item in &self.items {
            match item {
                Item::Record(Record {
                    id,
                    partition,
                    key,
                    value,
                    time,
                }) => writeln!(
                    f,
                    "  {partition}: #{id} at {time}, key {key}, value {value}"
                )?,
                Item::Watermark { partition, time } => {
                    writeln!(f, "  {partition}: watermark {time}")?;
                }
                Item::Idle { partition } => writeln!(f, "  {partition}: idle")?,
                Item::Active { partition } => writeln!(f, "  {partition}: active")?,
                Item::End { partition } => writeln!(f, "  {partition}: end")?,
            }
        }
        Ok(())
    }
}
