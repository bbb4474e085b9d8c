//! The file that a record is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};

use super::{Machine, Moment, Spread};
use crate::doctor::{Examination, Verdict};
use crate::Compiler;

/// The form of the file: raised when a field changes its meaning.
pub const SCHEMA: u32 = 1;

/// What was measured at one time on one machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The form of the file, [`SCHEMA`].
    pub schema: u32,
    /// When it was begun.
    #[serde(flatten)]
    pub moment: Moment,
    /// On what.
    pub machine: Machine,
    /// What was measured.
    pub build: Build,
    /// What disturbed it.
    pub doctor: Doctor,
    /// The results.
    pub figures: Vec<Figure>,
}

/// A version of the program, and what compiled it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// The commit, where the checkout tells.
    pub revision: Option<String>,
    /// Whether files differed from the commit.
    pub modified: Option<bool>,
    /// The compiler and its flags.
    pub compiler: Compiler,
}

/// What the doctor found, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doctor {
    /// How many checks passed.
    pub pass: usize,
    /// Those that warned.
    pub warn: Vec<String>,
    /// Those that could not tell.
    pub unknown: Vec<String>,
}

/// One thing that was measured several times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Which workload, such as `W2`.
    pub workload: String,
    /// What ran it, such as `fluxus`.
    pub engine: String,
    /// Its worker threads.
    pub workers: usize,
    /// How many events.
    pub events: u64,
    /// What was measured, such as `speed`.
    pub measure: String,
    /// In which unit, such as `M events/s`.
    pub unit: String,
    /// Whether more is better.
    pub more_is_better: bool,
    /// The measurements.
    #[serde(flatten)]
    pub spread: Spread,
}

impl Build {
    /// This program, built from the checkout in `folder`.
    pub fn of_this_program(folder: &Path) -> Self {
        let git = |arguments: &[&str]| {
            let output = Command::new("git")
                .arg("-C")
                .arg(folder)
                .args(arguments)
                .output();
            let output = output.ok().filter(|output| output.status.success())?;
            Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        };
        Self {
            revision: git(&["rev-parse", "--short=12", "HEAD"]),
            modified: git(&["status", "--porcelain", "--untracked-files=no"])
                .map(|changes| !changes.is_empty()),
            compiler: Compiler::of_this_program(),
        }
    }
}

impl From<&Examination> for Doctor {
    fn from(examination: &Examination) -> Self {
        let names = |verdict| {
            let names = examination.checks(verdict).into_iter();
            names.map(str::to_owned).collect()
        };
        Self {
            pass: examination.checks(Verdict::Pass).len(),
            warn: names(Verdict::Warn),
            unknown: names(Verdict::Unknown),
        }
    }
}

impl Figure {
    /// Whether it measures the same thing as `other`.
    pub fn is_same_as(&self, other: &Self) -> bool {
        let told = |figure: &Self| {
            (
                figure.workload.clone(),
                figure.engine.clone(),
                figure.workers,
                figure.events,
                figure.measure.clone(),
                figure.unit.clone(),
                figure.more_is_better,
            )
        };
        told(self) == told(other)
    }

    /// What it is, in words.
    pub fn name(&self) -> String {
        let workers = match self.workers {
            1 => "1 worker".to_owned(),
            workers => format!("{workers} workers"),
        };
        format!(
            "{} {}, {workers}, {} events, {}",
            self.workload, self.engine, self.events, self.measure
        )
    }
}

impl Record {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// When it is missing, no record, or one of another form.
    pub fn read(path: &Path) -> Result<Self, String> {
        /// What is asked of a file before anything else.
        #[derive(Deserialize)]
        struct Form {
            schema: u32,
        }
        let failed = |why: String| format!("{}: {why}", path.display());
        let text = fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        let form: Form = serde_json::from_str(&text)
            .map_err(|error| failed(format!("no record of fluxus-perf: {error}")))?;
        if form.schema != SCHEMA {
            return Err(failed(format!(
                "schema {}, and this program knows {SCHEMA}: record it again, or take the program of its time",
                form.schema
            )));
        }
        serde_json::from_str(&text).map_err(|error| failed(format!("a broken record: {error}")))
    }

    /// Writes it to `path`, or under its own name into the folder `path`.
    ///
    /// Gives back where it is.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &Path) -> Result<PathBuf, String> {
        let file = match path.is_dir() {
            true => path.join(self.file_name()),
            false => path.to_owned(),
        };
        let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
        let text = serde_json::to_string_pretty(self).map_err(|error| failed(&error))?;
        fs::write(&file, text + "\n").map_err(|error| failed(&error))?;
        Ok(file)
    }

    /// Such as `2026-11-24-amd-epyc-2-cores-55ab480c1d2e.json`.
    pub fn file_name(&self) -> String {
        let revision = self.build.revision.as_deref().unwrap_or("unknown");
        let Moment { date, .. } = &self.moment;
        format!("{date}-{}-{revision}.json", self.machine.file_name())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::SystemTime;

    use super::*;

    /// A record with one figure for each name and measurements.
    pub(in super::super) fn record(figures: &[(&str, &[f64])]) -> Record {
        let figure = |&(workload, numbers): &(&str, &[f64])| Figure {
            workload: workload.to_owned(),
            engine: "fluxus".to_owned(),
            workers: 1,
            events: 1000,
            measure: "speed".to_owned(),
            unit: "M events/s".to_owned(),
            more_is_better: true,
            spread: Spread::of(numbers).expect("finite"),
        };
        Record {
            schema: SCHEMA,
            moment: Moment::of(SystemTime::UNIX_EPOCH),
            machine: Machine {
                cpu: Some("A CPU".to_owned()),
                cores: 2,
                kernel: None,
                hypervisor: Some(true),
            },
            build: Build {
                revision: Some("abc".to_owned()),
                modified: None,
                compiler: Compiler::of_this_program(),
            },
            doctor: Doctor {
                pass: 1,
                warn: vec!["steal time".to_owned()],
                unknown: Vec::new(),
            },
            figures: figures.iter().map(figure).collect(),
        }
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let written = record(&[("W2", &[1.5, 2.0, 0.1 + 0.2])]);
        let path = written.write(folder.path()).expect("it is written");
        assert_eq!(
            path,
            folder.path().join("1970-01-01-a-cpu-2-cores-abc.json")
        );
        assert_eq!(Record::read(&path), Ok(written.clone()));
        let named = folder.path().join("mine.json");
        assert_eq!(written.write(&named), Ok(named));
        assert!(written.write(&folder.path().join("no/folder")).is_err());
    }

    #[test]
    fn what_is_no_record_says_so() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let path = folder.path().join("record.json");
        let error = || Record::read(&path).expect_err("it is no record");
        assert!(error().contains("record.json"), "missing: {}", error());
        for (text, said) in [
            ("", "no record of fluxus-perf"),
            ("{}", "no record of fluxus-perf"),
            ("{\"schema\":2}", "schema 2, and this program knows 1"),
            ("{\"schema\":1}", "a broken record: missing field"),
        ] {
            fs::write(&path, text).expect("a file");
            assert!(error().contains(said), "{text}: {}", error());
        }
    }

    #[test]
    fn the_revision_is_known_in_a_checkout_and_nowhere_else() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let nowhere = Build::of_this_program(folder.path());
        assert_eq!((nowhere.revision, nowhere.modified), (None, None));
    }
}
