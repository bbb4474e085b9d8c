use super::{Aggregates, Alarm, AlarmOptions, Compared, Figure, Heard, Side, Summary};
use serde::Serialize;
use std::collections::BTreeMap;

/// What is known of a source: what is usual for each of its figures.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    alarms: BTreeMap<Figure, Alarm>,
    /// For how many windows it has not been silent.
    unbroken: u32,
    /// What the last window said of anomalies.
    labelled: Option<u64>,
}

/// A figure of a window against its baseline.
#[derive(Clone, Debug, Serialize)]
pub struct Checked {
    /// The beginning of the window, in milliseconds since 1970.
    pub from_ms: i64,
    /// Its end, which does not belong to it.
    pub to_ms: i64,
    /// Whose it is.
    pub source: String,
    /// What is watched.
    pub figure: Figure,
    /// What came of it.
    #[serde(flatten)]
    pub compared: Compared,
    /// What the source said.
    #[serde(flatten)]
    pub summary: Summary,
}

impl Watch {
    /// Compares the figures of a window with what is usual for the source, and learns
    /// from them.
    ///
    /// Of lines, many are always a reason for an alert, and few only if the source has
    /// been steady, that is if there was no silent window among so many as are learnt
    /// from: one that speaks now and then falls silent as a rule. Silence teaches
    /// nothing, so that the source has its usual figures when it is back.
    pub fn check(&mut self, heard: Heard<Aggregates>, options: &AlarmOptions) -> Vec<Checked> {
        let Heard {
            source,
            window,
            is_whole,
            ..
        } = heard;
        let is_steady = is_whole && options.are_enough(self.unbroken);
        let is_silent = heard.value.is_none();
        let summary = match heard.value {
            Some(value) => Summary::from(value),
            // It belongs to the anomaly that the window before belongs to.
            None => Summary {
                labelled: self.labelled,
                ..Summary::default()
            },
        };
        self.unbroken = match is_silent {
            true => 0,
            false => self.unbroken.saturating_add(1),
        };
        self.labelled = summary.labelled;
        let mut checks = Vec::new();
        for (figure, found) in summary.figures() {
            // A source of values has no lines to miss.
            if is_silent && !self.alarms.contains_key(&figure) {
                continue;
            }
            let alarm = self.alarms.entry(figure).or_default();
            let side = match figure {
                Figure::Value => Side::Both,
                Figure::Lines if is_steady || alarm.is_on() => Side::Both,
                Figure::Lines | Figure::Errors => Side::Above,
            };
            let chance = |usual| figure.chance(usual, summary.lines);
            let compared = alarm.compare(found, chance, side, options);
            if !is_silent {
                alarm.learn(&compared);
            }
            checks.push(Checked {
                from_ms: window.start().millis(),
                to_ms: window.end().millis(),
                source: source.clone(),
                figure,
                compared: compared.rounded(),
                summary: summary.clone(),
            });
        }
        checks
    }
}
