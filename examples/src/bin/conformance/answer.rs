//! What goes to standard output: one JSON object a case.

use crate::case::{Element, Key, Side, Value};
use serde::Serialize;
use std::collections::BTreeMap;

/// The answer to one case, as a line.
#[derive(Serialize)]
pub(crate) struct Line<'a> {
    pub(crate) id: &'a str,
    #[serde(flatten)]
    pub(crate) answer: Answer,
}

/// One variant for each form that an answer has.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Answer {
    Windows {
        windows: Vec<Row>,
        late: Vec<LateRow>,
        /// The records that lie in no window.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        ignored: Vec<LateRow>,
        /// How many windows still have state when the stream has ended.
        #[serde(skip_serializing_if = "Option::is_none")]
        live: Option<u64>,
    },
    Rows {
        rows: Vec<Row>,
    },
    Joined {
        pairs: Vec<PairRow>,
        late: Vec<LateJoinRow>,
        /// What is held, by side, behind the items that ask for it.
        #[serde(skip_serializing_if = "Option::is_none")]
        buffered: Option<Buffered>,
    },
    Nexmark {
        rows: Vec<NexmarkRow>,
    },
    Operators {
        output: Vec<Pair>,
    },
    Assign {
        assign: Vec<Assigned>,
    },
    Merge {
        merged: Vec<(i64, i64)>,
    },
    Watermarks {
        watermarks: Vec<i64>,
    },
    Valve {
        outputs: Vec<Vec<Said>>,
    },
    Config {
        /// Whether the engine refused the settings.
        error: bool,
    },
    Unsupported {
        unsupported: bool,
    },
    /// The engine failed where it should not have.
    Failed {
        error: String,
    },
}

impl Answer {
    /// The results of windows as rows of a table, whatever brought them about.
    pub(crate) fn into_rows(self) -> Self {
        match self {
            Answer::Windows { windows, .. } => {
                let rows = windows.into_iter().map(|row| Row { at: None, ..row });
                Answer::Rows {
                    rows: rows.collect(),
                }
            }
            other => other,
        }
    }
}

/// One result of one window.
#[derive(Serialize, Clone, Debug)]
pub(crate) struct Row {
    pub(crate) key: Key,
    /// Windows without bounds in time have none here either.
    pub(crate) start: Option<i64>,
    pub(crate) end: Option<i64>,
    pub(crate) value: Outcome,
    /// The item of the input that brought it about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<usize>,
}

/// What an aggregate made of a window.
#[derive(Serialize, Clone, Debug)]
#[serde(untagged)]
pub(crate) enum Outcome {
    Number(i64),
    Count(u64),
    /// A sum has twice the bits of what it sums.
    Sum(i128),
    Mean(f64),
    List(Vec<i64>),
}

/// A record that came too late for every window of its own.
#[derive(Serialize, Clone, Debug)]
pub(crate) struct LateRow {
    pub(crate) k: Key,
    pub(crate) v: i64,
    pub(crate) ts: i64,
    /// The item of the input that brought it out: itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<usize>,
}

impl From<Element> for LateRow {
    fn from(element: Element) -> Self {
        Self {
            k: element.key,
            v: element.value,
            ts: element.time,
            at: None,
        }
    }
}

/// What a join holds, by side, behind some items of the input.
pub(crate) type Buffered = BTreeMap<String, BTreeMap<Side, Vec<Key>>>;

/// One pair of a join.
#[derive(Serialize, Clone, Debug)]
pub(crate) struct PairRow {
    pub(crate) key: Key,
    pub(crate) left: Key,
    pub(crate) right: Key,
    /// The item of the input that it came with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<usize>,
    /// Its place in event time, where the two have a time each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ts: Option<i64>,
    /// The window, where they are pairs of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) start: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) end: Option<i64>,
}

/// A record that came too late for a join.
#[derive(Serialize, Clone, Debug)]
pub(crate) struct LateJoinRow {
    pub(crate) k: Key,
    pub(crate) v: Key,
    pub(crate) ts: i64,
    pub(crate) side: Side,
    pub(crate) at: usize,
}

/// A row that says which item of the input brought it about.
pub(crate) trait Placed: Clone {
    /// The row, brought about by this item.
    fn at(self, item: usize) -> Self;
}

impl Placed for Row {
    fn at(self, item: usize) -> Self {
        let at = Some(item);
        Self { at, ..self }
    }
}

impl Placed for LateRow {
    fn at(self, item: usize) -> Self {
        let at = Some(item);
        Self { at, ..self }
    }
}

/// The windows of a record.
#[derive(Serialize)]
pub(crate) struct Assigned {
    pub(crate) ts: i64,
    pub(crate) windows: Vec<(i64, i64)>,
}

/// What a stream of several inputs passes on.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Said {
    Watermark(i64),
    Status(&'static str),
}

/// What comes out of operators: with its key, where it has one.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Pair {
    Keyed(Value, Value),
    Plain(Value),
}

/// A row of a query of the Nexmark benchmark.
#[derive(Serialize, Clone, Debug)]
#[serde(untagged)]
pub(crate) enum NexmarkRow {
    /// Who came and sold something, and in the window that begins when.
    NewSeller { id: u64, name: String, start: i64 },
    /// How often there was a bid.
    Bids { auction: u64, count: u64 },
}
