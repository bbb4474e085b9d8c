use super::{Checked, Figure, State};
use crate::grouped;
use std::collections::{BTreeMap, BTreeSet};

/// How good alerts are, where the data says what an anomaly is.
///
/// An alert lasts from the window that raised it to the last one that is off; an
/// anomaly is a run of windows with labelled lines. An alert is right, and an anomaly
/// found, when they share a window.
#[derive(Debug, Default)]
pub struct Verdicts {
    checks: u64,
    has_labels: bool,
    alerts: u64,
    right_alerts: u64,
    anomalies: u64,
    found_anomalies: u64,
    /// Alerts going on that were already counted as right.
    right: BTreeSet<(String, Figure)>,
    /// Anomalies going on, and whether they were found.
    going_on: BTreeMap<String, bool>,
}

impl Verdicts {
    /// Adds up a window of a source, of which those before have been added.
    pub fn count(&mut self, check: &Checked) {
        let (source, state, labelled) =
            (&check.source, check.compared.state, check.summary.labelled);
        let is_anomaly = labelled.is_some_and(|lines| lines > 0);
        self.checks += 1;
        self.has_labels |= labelled.is_some();
        let alert = (source.clone(), check.figure);
        if state == State::AlertBegins {
            self.alerts += 1;
            self.right.remove(&alert);
        }
        if state.is_alert() && is_anomaly && self.right.insert(alert) {
            self.right_alerts += 1;
        }
        if !is_anomaly {
            self.going_on.remove(source);
            return;
        }
        let is_found = match self.going_on.get_mut(source) {
            Some(is_found) => is_found,
            None => {
                self.anomalies += 1;
                self.going_on.entry(source.clone()).or_default()
            }
        };
        if state.is_alert() && !std::mem::replace(is_found, true) {
            self.found_anomalies += 1;
        }
    }

    /// Precision and recall; without labels there are only the alerts.
    pub fn text(&self) -> String {
        let mut text = format!(
            "checks     {}\nalerts     {}\n",
            grouped(self.checks),
            grouped(self.alerts)
        );
        if self.has_labels {
            let (right, found) = (self.right_alerts, self.found_anomalies);
            text += &share("precision", right, self.alerts, "alerts", "are right");
            text += &share("recall", found, self.anomalies, "anomalies", "found");
        }
        text
    }
}

fn share(label: &str, part: u64, whole: u64, name: &str, what: &str) -> String {
    if whole == 0 {
        return format!("{label:<10} - (no {name})\n");
    }
    let percent = 100.0 * part as f64 / whole as f64;
    let (part, whole) = (grouped(part), grouped(whole));
    format!("{label:<10} {percent:.1} % ({part} of {whole} {name} {what})\n")
}
