//! The parts of event time by themselves, without a stream: where windows lie
//! and how they merge, how watermarks are made and combined, what cannot be.

use crate::answer::{Answer, Assigned, Said};
use crate::case::{Bounded, GeneratorStep, Moment, Settings, Shape, ValveStep};
use crate::kind::Kind;
use fluxus::source::BoxError;
use fluxus::windows::{
    merge_touching, BoundedDisorder, InputStatus, Lateness, Session, Timestamp, WatermarkCombiner,
    Window,
};
use fluxus::IdleTimeout;
use std::time::Duration;

/// In which windows each moment lies.
pub(crate) fn assign(shape: Shape, moments: &[Moment]) -> Result<Answer, BoxError> {
    let kind = Kind::of(shape)?;
    // A record's gap belongs to the record; what else it is plays no part.
    let dynamic = Session::with_gap_of(|moment: &Moment| Duration::from_nanos(moment.gap));
    let windows_of = |moment: &Moment| -> Vec<Window> {
        let time = Timestamp::from_nanos(moment.time);
        match &kind {
            Kind::Tumbling(tumbling) => vec![tumbling.window_of(time)],
            Kind::Sliding(sliding) => sliding.windows_of(time).collect(),
            // A session begins as the window of one record, and grows by merging.
            Kind::Session(session) => vec![session.window_of(time)],
            Kind::SessionDynamic => vec![dynamic.window_of(time, moment)],
            Kind::Global => vec![fluxus::windows::Global.window_of(time)],
            // They cut no time: a record's window depends on those before it.
            Kind::Count(_) | Kind::CountSliding(_) => Vec::new(),
        }
    };
    let assign = moments.iter().map(|moment| Assigned {
        ts: moment.time,
        windows: windows_of(moment).into_iter().map(bounds).collect(),
    });
    Ok(Answer::Assign {
        assign: assign.collect(),
    })
}

/// What is left of windows when those that overlap or touch have become one.
pub(crate) fn merge(windows: &[(i64, i64)]) -> Answer {
    let at = Timestamp::from_nanos;
    let windows = windows
        .iter()
        .map(|&(start, end)| Window::new(at(start), at(end)));
    let merged = merge_touching(windows);
    Answer::Merge {
        merged: merged.into_iter().map(bounds).collect(),
    }
}

fn bounds(window: Window) -> (i64, i64) {
    (window.start().nanos(), window.end().nanos())
}

/// The watermark at which a generator stands after each step.
pub(crate) fn watermarks(bounded: Bounded, steps: &[GeneratorStep]) -> Result<Answer, BoxError> {
    let mut generator = BoundedDisorder::from_nanos(bounded.ooo_bound_ms)?;
    let watermarks = steps.iter().map(|step| {
        let watermark = match step {
            GeneratorStep::Record { ts } => {
                generator.observe(Timestamp::from_nanos(*ts));
                generator.current()
            }
            GeneratorStep::Probe { .. } => generator.current(),
            // The end of a stream is the end of time, whatever its generator.
            GeneratorStep::End { .. } => Timestamp::MAX,
        };
        watermark.nanos()
    });
    Ok(Answer::Watermarks {
        watermarks: watermarks.collect(),
    })
}

/// What a stream of several inputs passes on after each step.
pub(crate) fn valve(inputs: usize, steps: &[ValveStep]) -> Answer {
    let mut combiner = WatermarkCombiner::new(inputs);
    let outputs = steps.iter().map(|step| {
        let combined = match *step {
            ValveStep::Watermark { ch, wm } => combiner.watermark(ch, Timestamp::from_nanos(wm)),
            ValveStep::Idle { ch, .. } => combiner.idle(ch),
            ValveStep::Active { ch, .. } => combiner.active(ch),
            ValveStep::Ended { ch, .. } => combiner.ended(ch),
        };
        let watermark = combined.watermark.map(|time| Said::Watermark(time.nanos()));
        // A stream speaks again ahead of its watermark, and falls silent behind it.
        let (before, after) = match combined.status {
            None => (None, None),
            Some(InputStatus::Active) => (Some(Said::Status("active")), None),
            Some(InputStatus::Idle) => (None, Some(Said::Status("idle"))),
            Some(InputStatus::Ended) => (None, Some(Said::Status("ended"))),
        };
        before.into_iter().chain(watermark).chain(after).collect()
    });
    Answer::Valve {
        outputs: outputs.collect(),
    }
}

/// Whether the engine refuses the settings.
pub(crate) fn config(settings: &Settings) -> Answer {
    Answer::Config {
        error: made_of(settings).is_err(),
    }
}

/// Makes of the settings what a pipeline would be made of.
fn made_of(settings: &Settings) -> Result<(), BoxError> {
    if let Some(shape) = settings.shape {
        Kind::of(shape)?;
    }
    if let Some(nanos) = settings.lateness {
        Lateness::from_nanos(nanos)?;
    }
    if let Some(bounded) = settings.bounded {
        BoundedDisorder::from_nanos(bounded.ooo_bound_ms)?;
    }
    if let Some(nanos) = settings.idle_timeout {
        IdleTimeout::from_nanos(nanos)?;
    }
    Ok(())
}
