//! The figures that were accepted, and whether new ones lie near enough.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use fluxus_perf::Compiler;

/// The version of the file's form.
const SCHEMA: u32 = 1;

/// How far a figure may lie from the accepted one, in either direction.
///
/// Builds in other folders differ by up to 2 %. Runs of one program hardly do: the
/// hash is given its seed, since which keys share a place in the index is chance,
/// and moved a count by up to 12 % where keys are few or ever new.
const BAND: f64 = 0.03;

/// The same for the ratio of the two engines under another compiler.
///
/// Compilers move both engines, by far more than a change that should be seen;
/// they move the ratio of the two by less.
const BAND_OF_OTHER_COMPILERS: f64 = 0.15;

/// Instructions an event.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Figures {
    pub(super) fluxus: f64,
    pub(super) hand: f64,
}

impl Figures {
    pub(super) fn ratio(self) -> f64 {
        self.fluxus / self.hand
    }
}

/// Accepted figures by workload, and what compiled them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Baseline {
    schema: u32,
    compiler: Compiler,
    instructions_per_event: BTreeMap<String, Figures>,
}

impl Baseline {
    pub(super) fn new(compiler: Compiler, figures: BTreeMap<String, Figures>) -> Self {
        // Two digits behind the point: more would change with every run.
        let rounded = |number: f64| (number * 100.0).round() / 100.0;
        let figures = figures.into_iter().map(|(workload, figures)| {
            let Figures { fluxus, hand } = figures;
            let [fluxus, hand] = [fluxus, hand].map(rounded);
            (workload, Figures { fluxus, hand })
        });
        Self {
            schema: SCHEMA,
            compiler,
            instructions_per_event: figures.collect(),
        }
    }

    /// Reads the file at `path`.
    ///
    /// # Errors
    /// When it is missing or of another form, with how to make it.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let name = path.display();
        let again = "write it with `fluxus-perf instructions --accept`";
        let text = fs::read_to_string(path).map_err(|error| format!("{name}: {error}: {again}"))?;
        let form: Form = serde_json::from_str(&text)
            .map_err(|error| format!("{name}: no baseline: {error}: {again}"))?;
        if form.schema != SCHEMA {
            return Err(format!(
                "{name}: schema {}, and this program knows {SCHEMA}: {again}",
                form.schema
            ));
        }
        serde_json::from_str(&text).map_err(|error| format!("{name}: {error}: {again}"))
    }

    /// Writes the file at `path`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn write(&self, path: &Path) -> Result<(), String> {
        let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let text = serde_json::to_string_pretty(self).map_err(|error| failed(&error))?;
        fs::write(path, text + "\n").map_err(|error| failed(&error))
    }

    /// The accepted figures of a workload.
    pub(super) fn figures(&self, workload: &str) -> Option<Figures> {
        self.instructions_per_event.get(workload).copied()
    }

    /// Takes over what `newer` has, where both come of one compiler.
    ///
    /// # Errors
    /// When they do not: one file has the figures of one compiler.
    pub(super) fn updated(mut self, newer: Self) -> Result<Self, String> {
        if self.compiler != newer.compiler {
            return Err(format!(
                "the baseline is of another compiler, {}: accept all workloads together, not some",
                self.compiler.rustc
            ));
        }
        self.instructions_per_event
            .extend(newer.instructions_per_event);
        Ok(self)
    }

    /// What compiled the accepted figures, if it is not `compiler`.
    pub(super) fn other_compiler(&self, compiler: &Compiler) -> Option<&Compiler> {
        (self.compiler != *compiler).then_some(&self.compiler)
    }

    /// Everything that is wrong with new figures, a line each.
    ///
    /// `all` says that no workload was left out, so one that is only here is missed.
    pub(super) fn complaints(&self, newer: &Self, all: bool) -> Vec<String> {
        let mut complaints = Vec::new();
        let same_compiler = self.compiler == newer.compiler;
        for (workload, new) in &newer.instructions_per_event {
            let Some(old) = self.figures(workload) else {
                complaints.push(format!("{workload}: not in the baseline"));
                continue;
            };
            let held = match same_compiler {
                true => vec![
                    ("fluxus", old.fluxus, new.fluxus, BAND),
                    ("hand", old.hand, new.hand, BAND),
                ],
                false => vec![(
                    "fluxus/hand",
                    old.ratio(),
                    new.ratio(),
                    BAND_OF_OTHER_COMPILERS,
                )],
            };
            for (what, old, new, band) in held {
                let change = new / old - 1.0;
                // What is no number is not near either.
                let near = change.abs() <= band;
                if !near {
                    complaints.push(format!(
                        "{workload}, {what}: {old:.2} -> {new:.2}, {:+.2} %, beyond {:.0} %",
                        100.0 * change,
                        100.0 * band
                    ));
                }
            }
        }
        if all {
            let missed = self
                .instructions_per_event
                .keys()
                .filter(|&workload| newer.figures(workload).is_none())
                .map(|workload| format!("{workload}: in the baseline, and not measured"));
            complaints.extend(missed);
        }
        complaints
    }
}

/// What is asked of a file before anything else.
#[derive(Deserialize)]
struct Form {
    schema: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn baseline(rustc: &str, figures: &[(&str, f64, f64)]) -> Baseline {
        let compiler = Compiler {
            rustc: rustc.to_owned(),
            ..Compiler::of_this_program()
        };
        let figures = figures
            .iter()
            .map(|&(workload, fluxus, hand)| (workload.to_owned(), Figures { fluxus, hand }));
        Baseline::new(compiler, figures.collect())
    }

    #[test]
    fn a_figure_outside_the_band_is_complained_of_in_either_direction() {
        let old = baseline("a", &[("W2", 100.0, 50.0)]);
        for (fluxus, hand, complaints) in [
            (100.0, 50.0, 0),
            (102.9, 48.6, 0),
            (103.1, 50.0, 1),
            (96.9, 50.0, 1),
            (100.0, 51.6, 1),
            (96.0, 52.0, 2),
            (f64::NAN, 50.0, 1),
            (f64::INFINITY, 50.0, 1),
        ] {
            let new = baseline("a", &[("W2", fluxus, hand)]);
            let found = old.complaints(&new, true);
            assert_eq!(found.len(), complaints, "{fluxus} {hand}: {found:?}");
        }
        let slower = baseline("a", &[("W2", 106.0, 50.0)]);
        assert_eq!(
            old.complaints(&slower, true),
            ["W2, fluxus: 100.00 -> 106.00, +6.00 %, beyond 3 %"]
        );
    }

    #[test]
    fn under_another_compiler_only_the_ratio_is_held() {
        let old = baseline("a", &[("W2", 100.0, 50.0)]);
        assert!(old
            .complaints(&baseline("b", &[("W2", 150.0, 75.0)]), true)
            .is_empty());
        let worse = old.complaints(&baseline("b", &[("W2", 120.0, 50.0)]), true);
        assert_eq!(
            worse,
            ["W2, fluxus/hand: 2.00 -> 2.40, +20.00 %, beyond 15 %"]
        );
        assert!(old.other_compiler(&Compiler::of_this_program()).is_some());
    }

    #[test]
    fn a_workload_on_one_side_only_is_complained_of() {
        let old = baseline("a", &[("W2", 100.0, 50.0), ("W7", 8.0, 8.0)]);
        let new = baseline("a", &[("W1", 1.0, 1.0), ("W2", 100.0, 50.0)]);
        let complaints = old.complaints(&new, true);
        assert_eq!(
            complaints,
            [
                "W1: not in the baseline",
                "W7: in the baseline, and not measured"
            ]
        );
        assert_eq!(old.complaints(&new, false).len(), 1, "W7 was not asked for");
    }

    #[test]
    fn files_are_read_as_they_are_written_and_others_are_refused() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let path = folder.path().join("instructions.json");
        let error = || Baseline::read(&path).expect_err("it is no baseline");
        assert!(error().contains("--accept"), "missing");
        for (text, said) in [
            ("", "no baseline"),
            ("[]", "no baseline"),
            ("{\"schema\":7}", "schema 7, and this program knows 1"),
            ("{\"schema\":1}", "compiler"),
        ] {
            fs::write(&path, text).expect("a file");
            assert!(error().contains(said), "{text}: {}", error());
        }
        let written = baseline("a", &[("W2", 100.126, 50.0)]);
        written.write(&path).expect("it is written");
        assert_eq!(Baseline::read(&path).as_ref(), Ok(&written));
        assert_eq!(
            written.figures("W2").map(|figures| figures.fluxus),
            Some(100.13)
        );
    }

    #[test]
    fn some_workloads_are_accepted_beside_the_others_of_the_same_compiler() {
        let old = baseline("a", &[("W2", 100.0, 50.0), ("W7", 8.0, 8.0)]);
        let new = baseline("a", &[("W7", 7.0, 8.0)]);
        let both = old.clone().updated(new.clone()).expect("one compiler");
        assert_eq!(both.figures("W2"), old.figures("W2"));
        assert_eq!(both.figures("W7"), new.figures("W7"));
        assert!(old.updated(baseline("b", &[])).is_err());
    }
}
