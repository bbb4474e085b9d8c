//! What a run gave.

use serde::Serialize;

use super::cpu::ThreadUse;
use super::distribution::Distribution;
use super::hiccup::HiccupReading;
use super::pipeline::Plan;
use super::recorder::Recorder;
use super::span::Span;
use super::timeline::Timeline;
use super::verdict;

/// The latencies of one kind of thing: of records, or of windows.
#[derive(Clone, Debug)]
pub struct Latencies {
    /// From when it was due: what whoever waits for it sees.
    pub response: Distribution,
    /// From when it was sent: what the engine did, the source's delays left out.
    pub service: Distribution,
    /// The worst response of every stretch of the run.
    pub timeline: Timeline,
}

/// What a run gave.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Of every record: to right behind the hand-over, where there is one.
    pub records: Latencies,
    /// Of every window, from its end to its last row in the sink.
    pub windows: Option<Latencies>,
    /// What the machine did meanwhile.
    pub hiccups: HiccupReading,
    /// What every thread used of its core in the measured time.
    pub threads: Vec<ThreadUse>,
    /// Records a second that went through.
    pub throughput: f64,
    /// Why the figures count for nothing; empty if the run is valid.
    pub invalid: Vec<String>,
    /// What was not as asked for, but does not make the run invalid.
    pub warnings: Vec<String>,
}

/// Two kinds of runs in turn: the engine, and the bare ring.
#[derive(Clone, Debug)]
pub struct Paired {
    /// Of each pair, the engine's.
    pub ours: Measured,
    /// Of each pair, the bare ring's.
    pub theirs: Measured,
}

impl Paired {
    /// How much longer the engine takes for a record than the bare ring, from
    /// its sending to its being seen, in the middle of all; none where too few
    /// were seen.
    pub fn ratio(&self) -> Option<f64> {
        let median = |measured: &Measured| measured.records.service.named("50");
        Some(median(&self.ours)? as f64 / median(&self.theirs)?.max(1) as f64)
    }
}

impl Latencies {
    fn of(recorder: &Recorder) -> Self {
        Self {
            response: recorder.response(),
            service: recorder.service(),
            timeline: recorder.timeline(),
        }
    }
}

/// What the meters brought together.
pub(crate) struct Readings {
    pub(crate) records: Recorder,
    pub(crate) windows: Option<Recorder>,
    pub(crate) hiccups: HiccupReading,
    pub(crate) threads: Vec<ThreadUse>,
}

impl Measured {
    pub(crate) fn conclude(
        plan: &Plan,
        span: Span,
        readings: Readings,
        warnings: Vec<String>,
    ) -> Self {
        let Readings {
            records,
            windows,
            hiccups,
            threads,
        } = readings;
        // A run that fell behind takes longer than it was to.
        let took_ns = records.last_seen_ns.max(span.end_ns) - span.measured_from_ns;
        Self {
            throughput: records.samples() as f64 * 1e9 / took_ns as f64,
            invalid: verdict::reasons(plan, span, &records, windows.as_ref()),
            records: Latencies::of(&records),
            windows: windows.as_ref().map(Latencies::of),
            hiccups,
            threads,
            warnings,
        }
    }

    /// Whether the figures may be believed.
    pub fn is_valid(&self) -> bool {
        self.invalid.is_empty()
    }

    /// What all threads used together, in per cent of one core.
    pub fn cpu_percent(&self) -> f64 {
        self.threads.iter().map(|thread| thread.cpu_percent).sum()
    }
}

impl Serialize for Measured {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Kind<'a> {
            response: &'a Distribution,
            service: &'a Distribution,
        }
        #[derive(Serialize)]
        struct Hiccup<'a> {
            #[serde(flatten)]
            place: &'a super::HiccupPlace,
            #[serde(flatten)]
            distribution: &'a Distribution,
        }
        #[derive(Serialize)]
        struct Whole<'a> {
            valid: bool,
            invalid: &'a [String],
            warnings: &'a [String],
            records_per_s: f64,
            cpu_percent: f64,
            threads: &'a [ThreadUse],
            record: Kind<'a>,
            window: Option<Kind<'a>>,
            hiccup: Hiccup<'a>,
        }
        fn kind(latencies: &Latencies) -> Kind<'_> {
            Kind {
                response: &latencies.response,
                service: &latencies.service,
            }
        }
        Whole {
            valid: self.is_valid(),
            invalid: &self.invalid,
            warnings: &self.warnings,
            records_per_s: self.throughput,
            cpu_percent: self.cpu_percent(),
            threads: &self.threads,
            record: kind(&self.records),
            window: self.windows.as_ref().map(kind),
            hiccup: Hiccup {
                place: &self.hiccups.place,
                distribution: &self.hiccups.distribution,
            },
        }
        .serialize(serializer)
    }
}
