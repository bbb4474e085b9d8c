use crate::sample::{Event, Generated};
use crate::{grouped, Random, HOUR_MS};
use fluxus::windows::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// Something that a log says, whatever its form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub time: Timestamp,
    /// Who says it: `host/program` of syslog, a component, the file of a value.
    pub source: String,
    /// Whether it tells of something that went wrong.
    pub is_error: bool,
    /// What was measured, in millionths: sums of whole numbers are the same in any order.
    pub millionths: Option<i64>,
    /// The message.
    pub text: String,
    /// Whether it belongs to an anomaly, where somebody has said so.
    pub is_anomaly: Option<bool>,
}

impl Event for Entry {
    const PLURAL: &'static str = "events";
    const DISORDER: Duration = Duration::from_secs(60);

    fn time(&self) -> Timestamp {
        self.time
    }
}

/// What goes wrong with a made-up program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Anomaly {
    /// It says four times as much.
    Loud,
    /// Half of what it says are errors.
    Failing,
    /// It says nothing.
    Silent,
    /// It says a quarter of what it says otherwise.
    Slow,
}

impl Anomaly {
    /// The programs that are made up.
    const PROGRAMS: [&'static str; 3] = ["web", "database", "mail"];
    /// Each kind, by turns.
    const KINDS: [(Self, &'static str); 4] = [
        (Self::Loud, "loud"),
        (Self::Failing, "failing"),
        (Self::Silent, "silent"),
        (Self::Slow, "slow"),
    ];

    /// The anomaly that lies in this hour, by its number, its program and its kind:
    /// five hours long, the first after sixty hours and the others every forty.
    fn of(hour: u64) -> Option<(u64, &'static str, Self)> {
        let since = hour.checked_sub(60).filter(|since| since % 40 < 5)?;
        let number = since / 40;
        let program = Self::PROGRAMS[(number % 3) as usize];
        let (kind, _) = Self::KINDS[(number % 4) as usize];
        Some((number, program, kind))
    }

    fn of_program(hour: u64, program: &str) -> Option<Self> {
        let (_, wrong, kind) = Self::of(hour)?;
        (wrong == program).then_some(kind)
    }
}

impl Entry {
    /// Three programs with some thirty lines an hour, one in fifty of them an error;
    /// by turns, one of them goes wrong.
    pub fn made_up(count: u64, seed: u64) -> Generated<Self> {
        let mut random = Random::new(seed);
        let mut events: Vec<Self> = Vec::new();
        let mut planted = BTreeMap::new();
        let mut hour = 0;
        while (events.len() as u64) < count {
            let begun = events.len();
            for program in Anomaly::PROGRAMS {
                let anomaly = Anomaly::of_program(hour, program);
                made_up_hour(hour, program, anomaly, &mut random, &mut events);
                let next = Anomaly::of_program(hour + 1, program);
                if anomaly.is_none() && next == Some(Anomaly::Silent) {
                    events.push(last_words(hour, program));
                }
            }
            events[begun..].sort_by_key(|entry| entry.time);
            events.truncate(usize::try_from(count).unwrap_or(usize::MAX));
            // Whatever is labelled here belongs to the same one.
            if events[begun..]
                .iter()
                .any(|entry| entry.is_anomaly == Some(true))
            {
                let anomaly = Anomaly::of(hour).or(Anomaly::of(hour + 1));
                planted.extend(anomaly.map(|(number, _, kind)| (number, kind)));
            }
            hour += 1;
        }
        let kinds = Anomaly::KINDS.iter().map(|(kind, name)| {
            let of_kind = planted.values().filter(|planted| *planted == kind);
            format!("{} {name}", of_kind.count())
        });
        let truth = format!(
            "{} anomalies are planted ({})",
            grouped(planted.len() as u64),
            kinds.collect::<Vec<_>>().join(", ")
        );
        Generated { events, truth }
    }
}

/// What a program says in an hour.
fn made_up_hour(
    hour: u64,
    program: &str,
    anomaly: Option<Anomaly>,
    random: &mut Random,
    events: &mut Vec<Entry>,
) {
    let (more, failing) = match anomaly {
        Some(Anomaly::Silent) => return,
        Some(Anomaly::Loud) => (4.0, 0.02),
        Some(Anomaly::Slow) => (0.25, 0.02),
        Some(Anomaly::Failing) => (1.0, 0.5),
        None => (1.0, 0.02),
    };
    let lines = (more * (30.0 + 3.0 * random.normal())).max(1.0) as u64;
    for _ in 0..lines {
        let is_error = random.happens(failing);
        let time_ms = HOUR_MS * hour + random.below(HOUR_MS);
        let text = match is_error {
            true => format!("request failed after {} ms", random.below(5000)),
            false => "request done".to_owned(),
        };
        events.push(line(time_ms, program, is_error, text, anomaly.is_some()));
    }
}

/// What a program says before it falls silent. What it does not say cannot be
/// labelled: this is.
fn last_words(hour: u64, program: &str) -> Entry {
    let time_ms = HOUR_MS * hour + HOUR_MS - 1;
    line(time_ms, program, true, "out of memory".to_owned(), true)
}

fn line(time_ms: u64, program: &str, is_error: bool, text: String, is_anomaly: bool) -> Entry {
    Entry {
        time: Timestamp::from_millis(i64::try_from(time_ms).unwrap_or(i64::MAX)),
        source: program.to_owned(),
        is_error,
        millionths: None,
        text,
        is_anomaly: Some(is_anomaly),
    }
}
