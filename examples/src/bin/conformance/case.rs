//! What a case file says: one JSON object a line, as `examples/cases/README.md`
//! describes it.
//!
//! A line that is no case at all is a mistake in the file, and is told with its
//! number. What a case says and this program cannot express, be it a setting
//! that is unknown here or a value that is no integer, becomes
//! [`Question::Unsupported`], with the reason. Neither spoils the other lines.

use crate::nexmark::NexmarkCase;
use crate::operators::OperatorCase;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use std::fmt;
use std::fs;
use std::path::Path;

// ── a file of cases ──

/// One case: its name, and what is asked.
pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) question: Question,
}

/// What a case wants to know.
pub(crate) enum Question {
    /// Which results do these records and watermarks give?
    Windows(WindowCase),
    /// The same of a file of records, in rows.
    Golden(WindowCase),
    /// In which windows does each of these records lie?
    Assign(Shape, Vec<Moment>),
    /// What is left of these windows when those that touch are merged?
    Merge(Vec<(i64, i64)>),
    /// Which watermark does the generator stand at after each step?
    Watermarks(Bounded, Vec<GeneratorStep>),
    /// What does a stream of several inputs say after each of these?
    Valve(usize, Vec<ValveStep>),
    /// Can these settings be?
    Config(Settings),
    /// Which pairs do the records of two streams make?
    Joined(JoinCase),
    /// Can these bounds be?
    Bounds(JoinCase),
    /// What comes out of these operators?
    Operators(OperatorCase),
    /// What does a query of the Nexmark benchmark come to over these files?
    Nexmark(NexmarkCase),
    /// Nothing that this program can answer; why.
    Unsupported(String),
}

/// What does not fit the schema.
#[derive(Debug)]
pub(crate) struct Malformed(String);

impl Malformed {
    pub(crate) fn new(problem: impl Into<String>) -> Self {
        Self(problem.into())
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The lines of a file: cases, and what is wrong with those that are none.
pub(crate) fn read(path: &Path) -> Result<Vec<Result<Case, Malformed>>, Malformed> {
    let place = path.display();
    let text = fs::read_to_string(path).map_err(|e| Malformed(format!("{place}: {e}")))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    Ok((1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(number, line)| {
            parse(line, folder).map_err(|e| Malformed(format!("{place}, line {number}: {e}")))
        })
        .collect())
}

#[derive(Deserialize)]
struct Line {
    id: String,
    kind: String,
    pipeline: Map<String, Json>,
    #[serde(default)]
    input: Vec<Json>,
}

fn parse(line: &str, folder: &Path) -> Result<Case, Malformed> {
    let line: Line = serde_json::from_str(line).map_err(|e| Malformed(e.to_string()))?;
    let question = match unknown(&line.pipeline) {
        Some(unknown) => Question::Unsupported(format!("{unknown} is not known here")),
        None => question(&line, folder)
            .unwrap_or_else(|Malformed(problem)| Question::Unsupported(problem)),
    };
    Ok(Case {
        id: line.id,
        question,
    })
}

fn question(line: &Line, folder: &Path) -> Result<Question, Malformed> {
    let pipeline = &line.pipeline;
    Ok(match line.kind.as_str() {
        "window" => Question::Windows(WindowCase::parse(pipeline, items(&line.input)?)?),
        "golden" => match pipeline.get("input_ref").and_then(Json::as_str) {
            Some(file) => {
                let value_field = pipeline.get("value_field").and_then(Json::as_str);
                let rows = rows_of(&folder.join(file), value_field)?;
                Question::Golden(WindowCase::parse(pipeline, rows)?)
            }
            None => Question::Nexmark(NexmarkCase::parse(pipeline, folder)?),
        },
        "ops" => Question::Operators(OperatorCase::parse(pipeline, &line.input)?),
        "assign" => Question::Assign(settings(pipeline)?, items(&line.input)?),
        "merge" => Question::Merge(items(&line.input)?),
        "wmgen" => Question::Watermarks(settings(pipeline)?, items(&line.input)?),
        "valve" => {
            let Inputs { inputs } = settings(pipeline)?;
            let steps: Vec<ValveStep> = items(&line.input)?;
            within(inputs, steps.iter().map(|step| Some(step.input())))?;
            Question::Valve(inputs, steps)
        }
        "join_interval" | "join_window" => {
            Question::Joined(JoinCase::parse(pipeline, items(&line.input)?)?)
        }
        "config" => match pipeline.contains_key("lower_ms") {
            true => Question::Bounds(JoinCase::parse(pipeline, Vec::new())?),
            false => Question::Config(Settings::parse(pipeline)?),
        },
        kind => Question::Unsupported(format!("the kind {kind:?} is not answered")),
    })
}

/// What a pipeline says that is understood nowhere: a setting, or its value. A
/// case with such a thing means something else than what would be run.
fn unknown(pipeline: &Map<String, Json>) -> Option<String> {
    let setting = pipeline.keys().find(|name| !KNOWN.contains(&name.as_str()));
    if let Some(name) = setting {
        return Some(format!("the setting {name:?}"));
    }
    [
        ("window", &WINDOWS[..]),
        ("trigger", &TRIGGERS),
        ("aggregate", &AGGREGATES),
        ("watermarks", &WATERMARKS),
    ]
    .into_iter()
    .find_map(|(setting, known)| {
        let value = pipeline.get(setting)?.as_str()?;
        (!known.contains(&value)).then(|| format!("{setting} {value:?}"))
    })
}

const KNOWN: [&str; 27] = [
    "aggregate",
    "allowed_lateness_ms",
    "gap_ms",
    "idle_timeout_ms",
    "input_ref",
    "inputs",
    "key_by",
    "lower_inclusive",
    "lower_ms",
    "offset_ms",
    "ooo_bound_ms",
    "ops",
    "partitions",
    "query",
    "report_live_windows",
    "size",
    "size_ms",
    "slide",
    "slide_ms",
    "trigger",
    "trigger_interval_ms",
    "trigger_n",
    "upper_inclusive",
    "upper_ms",
    "value_field",
    "watermarks",
    "window",
];
const WINDOWS: [&str; 7] = [
    "tumbling",
    "sliding",
    "session",
    "session_dynamic",
    "global",
    "count",
    "count_sliding",
];
const TRIGGERS: [&str; 4] = [
    "event_time",
    "event_time_purging",
    "count_purging",
    "continuous_event_time",
];
const AGGREGATES: [&str; 10] = [
    "count",
    "sum",
    "avg",
    "min",
    "max",
    "first",
    "last",
    "collect",
    "collect_sorted",
    "count_distinct",
];
const WATERMARKS: [&str; 2] = ["explicit", "bounded"];

/// The pipeline, read as those of its settings that `T` is about.
pub(crate) fn settings<T: DeserializeOwned>(pipeline: &Map<String, Json>) -> Result<T, Malformed> {
    T::deserialize(Json::Object(pipeline.clone())).map_err(|e| Malformed(format!("pipeline: {e}")))
}

pub(crate) fn items<T: DeserializeOwned>(input: &[Json]) -> Result<Vec<T>, Malformed> {
    (0..)
        .zip(input)
        .map(|(index, item)| {
            T::deserialize(item)
                .map_err(|e| Malformed(format!("input {index}: {e}; it says {item}")))
        })
        .collect()
}

/// Whether every item is for one of so many inputs; `None` is for all of them.
fn within(inputs: usize, items: impl Iterator<Item = Option<usize>>) -> Result<(), Malformed> {
    const MOST: usize = 1024;
    if inputs > MOST {
        let problem = format!("pipeline: {inputs} inputs, more than {MOST}");
        return Err(Malformed(problem));
    }
    for (index, input) in items.enumerate() {
        if let Some(input) = input.filter(|input| *input >= inputs) {
            return Err(Malformed(format!(
                "input {index}: it is for number {input} of {inputs}, counted from 0"
            )));
        }
    }
    Ok(())
}

// ── the settings ──

/// The windows of a pipeline. Numbers are as the case gives them: whether they
/// can be is for the engine to say.
#[derive(Deserialize, Clone, Copy)]
#[serde(tag = "window", rename_all = "snake_case")]
pub(crate) enum Shape {
    Tumbling {
        size_ms: i64,
        #[serde(default)]
        offset_ms: i64,
    },
    Sliding {
        size_ms: i64,
        slide_ms: i64,
        #[serde(default)]
        offset_ms: i64,
    },
    Session {
        gap_ms: i64,
    },
    /// The gap stands on each element.
    SessionDynamic,
    Global,
    Count {
        size: i64,
    },
    CountSliding {
        size: i64,
        slide: i64,
    },
}

impl Shape {
    /// Whether its windows begin and end somewhere in time.
    pub(crate) fn is_bounded(self) -> bool {
        !matches!(
            self,
            Shape::Global | Shape::Count { .. } | Shape::CountSliding { .. }
        )
    }
}

/// When a window fires.
#[derive(Deserialize, Clone, Copy)]
#[serde(tag = "trigger", rename_all = "snake_case")]
pub(crate) enum Fires {
    EventTime,
    EventTimePurging,
    CountPurging { trigger_n: u32 },
    ContinuousEventTime { trigger_interval_ms: i64 },
}

/// What becomes of the records of a window.
#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Figure {
    Count,
    Sum,
    Avg,
    Min,
    Max,
    First,
    Last,
    Collect,
    CollectSorted,
    CountDistinct,
}

/// Watermarks that are made of the records' times.
#[derive(Deserialize, Clone, Copy)]
pub(crate) struct Bounded {
    pub(crate) ooo_bound_ms: i64,
}

#[derive(Deserialize)]
struct Inputs {
    inputs: usize,
}

/// The settings of a case that only asks whether they can be.
pub(crate) struct Settings {
    pub(crate) shape: Option<Shape>,
    pub(crate) lateness: Option<i64>,
    pub(crate) bounded: Option<Bounded>,
    pub(crate) idle_timeout: Option<i64>,
}

impl Settings {
    fn parse(pipeline: &Map<String, Json>) -> Result<Self, Malformed> {
        #[derive(Deserialize)]
        struct Plain {
            allowed_lateness_ms: Option<i64>,
            idle_timeout_ms: Option<i64>,
        }
        let plain: Plain = settings(pipeline)?;
        Ok(Self {
            shape: match pipeline.contains_key("window") {
                true => Some(settings(pipeline)?),
                false => None,
            },
            lateness: plain.allowed_lateness_ms,
            bounded: bounded(pipeline)?,
            idle_timeout: plain.idle_timeout_ms,
        })
    }
}

fn bounded(pipeline: &Map<String, Json>) -> Result<Option<Bounded>, Malformed> {
    match pipeline.get("watermarks").and_then(Json::as_str) {
        None | Some("explicit") => Ok(None),
        Some("bounded") => Ok(Some(settings(pipeline)?)),
        Some(other) => Err(Malformed(format!("pipeline: watermarks {other:?}"))),
    }
}

/// A case of records and watermarks that go through windows.
pub(crate) struct WindowCase {
    pub(crate) is_keyed: bool,
    pub(crate) shape: Shape,
    pub(crate) fires: Fires,
    pub(crate) lateness: i64,
    pub(crate) figure: Figure,
    /// Else the input says where the watermarks are.
    pub(crate) bounded: Option<Bounded>,
    /// How many inputs the stream has, each with watermarks of its own.
    pub(crate) partitions: usize,
    pub(crate) asks_for_live_windows: bool,
    pub(crate) input: Vec<Item>,
}

impl WindowCase {
    fn parse(pipeline: &Map<String, Json>, input: Vec<Item>) -> Result<Self, Malformed> {
        #[derive(Deserialize)]
        struct Plain {
            #[serde(default)]
            key_by: bool,
            #[serde(default)]
            allowed_lateness_ms: i64,
            aggregate: Figure,
            #[serde(default = "one")]
            partitions: usize,
            #[serde(default)]
            report_live_windows: bool,
        }
        fn one() -> usize {
            1
        }
        let plain: Plain = settings(pipeline)?;
        let shape = settings(pipeline)?;
        let fires = match pipeline.contains_key("trigger") {
            true => settings(pipeline)?,
            false => Fires::EventTime,
        };
        within(plain.partitions, input.iter().map(Item::partition))?;
        Ok(Self {
            is_keyed: plain.key_by,
            shape,
            fires,
            lateness: plain.allowed_lateness_ms,
            figure: plain.aggregate,
            bounded: bounded(pipeline)?,
            partitions: plain.partitions,
            asks_for_live_windows: plain.report_live_windows,
            input,
        })
    }
}

// ── the input ──

/// A key, or the value of an operator case or of a record that is joined, as JSON has it.
pub(crate) type Key = Value;

/// A number or a text.
#[derive(Deserialize, Serialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[serde(untagged)]
pub(crate) enum Value {
    Number(i64),
    Text(String),
}

impl Default for Value {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

/// The key of a stream that has none.
impl From<()> for Value {
    fn from((): ()) -> Self {
        Self::default()
    }
}

/// A record on its way through the windows.
#[derive(Deserialize, Clone, Debug)]
pub(crate) struct Element {
    #[serde(rename = "k", default)]
    pub(crate) key: Key,
    #[serde(rename = "v")]
    pub(crate) value: i64,
    #[serde(rename = "ts")]
    pub(crate) time: i64,
    /// Of a session, where every element has its own.
    #[serde(default)]
    pub(crate) gap: u64,
    /// The input it comes from.
    #[serde(rename = "p", default)]
    pub(crate) partition: usize,
}

/// One item of the input of a window case. What comes without a partition is
/// for all of them.
#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub(crate) enum Item {
    Element(Element),
    Watermark {
        #[serde(rename = "wm")]
        time: i64,
        p: Option<usize>,
    },
    End {
        #[allow(dead_code)] // always true
        end: bool,
        p: Option<usize>,
    },
    Idle {
        #[allow(dead_code)]
        idle: bool,
        p: Option<usize>,
    },
    Active {
        #[allow(dead_code)]
        active: bool,
        p: Option<usize>,
    },
}

impl Item {
    /// The partition it is for; `None` stands for all.
    pub(crate) fn partition(&self) -> Option<usize> {
        match self {
            Item::Element(element) => Some(element.partition),
            Item::Watermark { p, .. }
            | Item::End { p, .. }
            | Item::Idle { p, .. }
            | Item::Active { p, .. } => *p,
        }
    }
}

/// A case of two streams that are joined.
pub(crate) struct JoinCase {
    pub(crate) shape: JoinShape,
    pub(crate) input: Vec<JoinItem>,
}

/// Which records of the two streams are pairs.
#[derive(Clone, Copy)]
pub(crate) enum JoinShape {
    /// Those whose times, the right one's less the left one's, lie within bounds.
    Interval {
        lower_ms: i64,
        upper_ms: i64,
        lower_inclusive: bool,
        upper_inclusive: bool,
    },
    /// Those of one window.
    Windows(Shape),
}

impl JoinCase {
    fn parse(pipeline: &Map<String, Json>, mut input: Vec<JoinItem>) -> Result<Self, Malformed> {
        #[derive(Deserialize)]
        struct Bounds {
            lower_ms: i64,
            upper_ms: i64,
            #[serde(default = "yes")]
            lower_inclusive: bool,
            #[serde(default = "yes")]
            upper_inclusive: bool,
        }
        fn yes() -> bool {
            true
        }
        for (index, item) in input.iter_mut().enumerate() {
            if let JoinItem::Element(element) = item {
                element.index = index;
            }
        }
        let shape = match pipeline.contains_key("window") {
            true => JoinShape::Windows(settings(pipeline)?),
            false => {
                let bounds: Bounds = settings(pipeline)?;
                JoinShape::Interval {
                    lower_ms: bounds.lower_ms,
                    upper_ms: bounds.upper_ms,
                    lower_inclusive: bounds.lower_inclusive,
                    upper_inclusive: bounds.upper_inclusive,
                }
            }
        };
        Ok(Self { shape, input })
    }
}

/// One of two streams.
#[derive(Deserialize, Serialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    L,
    R,
}

/// A record of one of two streams.
#[derive(Deserialize, Clone, Debug)]
pub(crate) struct Joinable {
    #[serde(rename = "k", default)]
    pub(crate) key: Key,
    #[serde(rename = "v")]
    pub(crate) value: Key,
    #[serde(rename = "ts")]
    pub(crate) time: i64,
    pub(crate) side: Side,
    /// Its place in the input.
    #[serde(skip)]
    pub(crate) index: usize,
}

/// One item of the input of a join. What comes without a side is for both.
#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub(crate) enum JoinItem {
    Element(Joinable),
    Watermark {
        #[serde(rename = "wm")]
        time: i64,
        side: Option<Side>,
        /// Whether it is asked what is held behind it.
        #[serde(default)]
        probe_state: bool,
    },
    End {
        #[allow(dead_code)] // always true
        end: bool,
        side: Option<Side>,
    },
}

/// The records of a golden file, and the end of the stream behind them. Of a
/// record its time is used, and the field that the case calls its value, if it
/// does: most ask how many there are.
fn rows_of(path: &Path, value_field: Option<&str>) -> Result<Vec<Item>, Malformed> {
    #[derive(Deserialize)]
    struct Row {
        ts: i64,
        #[serde(flatten)]
        fields: Map<String, Json>,
    }
    let text = fs::read_to_string(path)
        .map_err(|e| Malformed(format!("input_ref {}: {e}", path.display())))?;
    let mut input = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let row: Row = serde_json::from_str(line)
            .map_err(|e| Malformed(format!("{}, line {number}: {e}", path.display())))?;
        let value = match value_field {
            None => Some(0),
            Some(field) => row.fields.get(field).and_then(Json::as_i64),
        };
        let value = value.ok_or_else(|| {
            let problem = "the field that is its value is no integer";
            Malformed(format!("{}, line {number}: {problem}", path.display()))
        })?;
        input.push(Item::Element(Element {
            key: Key::default(),
            value,
            time: row.ts,
            gap: 0,
            partition: 0,
        }));
    }
    input.push(Item::End { end: true, p: None });
    Ok(input)
}

/// A record whose windows are asked for.
#[derive(Deserialize)]
pub(crate) struct Moment {
    #[serde(rename = "ts")]
    pub(crate) time: i64,
    #[serde(default)]
    pub(crate) gap: u64,
}

/// What happens to a generator of watermarks.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum GeneratorStep {
    Record {
        ts: i64,
    },
    Probe {
        #[allow(dead_code)]
        probe: bool,
    },
    End {
        #[allow(dead_code)]
        end: bool,
    },
}

/// What the input `ch` of several says.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum ValveStep {
    Watermark {
        ch: usize,
        wm: i64,
    },
    Idle {
        ch: usize,
        #[allow(dead_code)]
        idle: bool,
    },
    Active {
        ch: usize,
        #[allow(dead_code)]
        active: bool,
    },
    Ended {
        ch: usize,
        #[allow(dead_code)]
        done: bool,
    },
}

impl ValveStep {
    fn input(&self) -> usize {
        match self {
            ValveStep::Watermark { ch, .. }
            | ValveStep::Idle { ch, .. }
            | ValveStep::Active { ch, .. }
            | ValveStep::Ended { ch, .. } => *ch,
        }
    }
}
