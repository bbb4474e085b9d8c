//! `doctor`: what of this host disturbs latency, with its mend.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use fluxus_perf::doctor::{examine, watch, Examination, Finding, Verdict};
use fluxus_perf::Cores;

use super::cores::{name, CoreList};
use super::Report;

#[derive(Args, Debug)]
pub(super) struct DoctorArguments {
    /// The cores that threads are to be pinned to, such as 2,3 [default: the first two this
    /// process may use]
    #[arg(long, value_name = "LIST")]
    cores: Option<CoreList>,

    /// One line of JSON instead of a table
    #[arg(long)]
    json: bool,

    /// Exit with status 1 when anything warns
    #[arg(long)]
    strict: bool,

    /// The folder in which the host's /proc and /sys lie
    #[arg(long, value_name = "DIR", default_value = "/", hide = true)]
    root: PathBuf,
}

/// The one line of JSON.
#[derive(Serialize)]
struct Line<'examination> {
    schema: u32,
    #[serde(flatten)]
    examination: &'examination Examination,
    pass: usize,
    warn: usize,
    unknown: usize,
}

pub(super) fn doctor(asked: &DoctorArguments) -> Result<Report, String> {
    let cores = match &asked.cores {
        Some(list) => list.as_slice().to_vec(),
        None => Cores::read().first(2),
    };
    let folder = asked.root.join("sys/devices/system/cpu");
    if let Some(missing) = cores.iter().find(|&core| {
        // Where the host tells of no cores at all, it is not known.
        folder.join("cpu0").exists() && !folder.join(format!("cpu{core}")).exists()
    }) {
        return Err(format!(
            "this host has no core {missing}: choose other --cores"
        ));
    }
    let examination = examine(&asked.root, &cores, watch(&cores));
    let warned = examination.checks(Verdict::Warn);
    let text = match asked.json {
        true => json(&examination)?,
        false => table(&examination),
    };
    let wrong = (asked.strict && !warned.is_empty())
        .then(|| format!("{} warnings: {}", warned.len(), warned.join(", ")));
    Ok(Report { text, wrong })
}

fn json(examination: &Examination) -> Result<String, String> {
    let line = Line {
        schema: 1,
        examination,
        pass: examination.checks(Verdict::Pass).len(),
        warn: examination.checks(Verdict::Warn).len(),
        unknown: examination.checks(Verdict::Unknown).len(),
    };
    serde_json::to_string(&line)
        .map(|line| line + "\n")
        .map_err(|error| error.to_string())
}

/// Widths: of the first column, of the second, and of the whole table.
const CHECK: usize = 20;
const VERDICT: usize = 9;
const WIDTH: usize = 100;

fn table(examination: &Examination) -> String {
    let rows: String = examination.findings.iter().map(row).collect();
    let [pass, warn, unknown] = [Verdict::Pass, Verdict::Warn, Verdict::Unknown]
        .map(|verdict| examination.checks(verdict).len());
    format!(
        "what of this host disturbs latency on {}\n\n{rows}\n\
         {pass} pass, {warn} warn, {unknown} unknown\n",
        name(&examination.cores)
    )
}

/// One finding; why it matters and what mends it where it does not pass.
fn row(finding: &Finding) -> String {
    let mut row = format!(
        "{:<CHECK$}{:<VERDICT$}",
        finding.check,
        finding.verdict.word()
    );
    row.push_str(&wrapped(&finding.found));
    row.push('\n');
    if finding.verdict != Verdict::Pass {
        for line in [finding.why, &format!("-> {}", finding.mend)] {
            row.push_str(&" ".repeat(CHECK + VERDICT));
            row.push_str(&wrapped(line));
            row.push('\n');
        }
    }
    row
}

/// Text broken between words, every line but the first moved in to the third column.
fn wrapped(text: &str) -> String {
    let room = WIDTH - CHECK - VERDICT;
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join(&format!("\n{}", " ".repeat(CHECK + VERDICT)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn examination() -> Examination {
        let empty = tempfile::TempDir::new().expect("a folder");
        examine(empty.path(), &[0, 1], |_| {})
    }

    #[test]
    fn no_line_is_wider_than_a_hundred_columns_and_every_finding_has_its_row() {
        let examination = examination();
        let table = table(&examination);
        for line in table.lines() {
            assert!(line.chars().count() <= WIDTH, "{line}");
            assert_eq!(line.trim_end(), line, "blanks at the end");
        }
        for finding in &examination.findings {
            let start = format!("{:<CHECK$}{}", finding.check, finding.verdict.word());
            assert_eq!(
                table
                    .lines()
                    .filter(|line| line.starts_with(&start))
                    .count(),
                1
            );
            assert!(finding.check.len() < CHECK);
        }
    }

    #[test]
    fn json_holds_every_finding_and_their_numbers() {
        let examination = examination();
        let line: serde_json::Value =
            serde_json::from_str(&json(&examination).expect("it is JSON")).expect("it is JSON");
        let findings = line["findings"].as_array().expect("a list");
        assert_eq!(findings.len(), examination.findings.len());
        assert_eq!(line["cores"], serde_json::json!([0, 1]));
        assert_eq!(line["unknown"], examination.checks(Verdict::Unknown).len());
        for key in ["check", "verdict", "found", "why", "mend"] {
            assert!(
                findings.iter().all(|finding| finding[key].is_string()),
                "{key}"
            );
        }
    }

    #[test]
    fn only_a_strict_doctor_fails_and_only_where_something_warns() {
        let ask = |root: &std::path::Path, strict| {
            let asked = DoctorArguments {
                cores: "0".parse().ok(),
                json: false,
                strict,
                root: root.to_owned(),
            };
            doctor(&asked).expect("it never fails").wrong
        };
        let root = tempfile::TempDir::new().expect("a folder");
        let folder = root.path().join("proc/sys/kernel");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("sched_rt_runtime_us"), "950000").expect("a file");
        assert_eq!(ask(root.path(), false), None);
        let wrong = ask(root.path(), true).expect("it warns");
        assert!(wrong.contains("real-time throttle"), "{wrong}");
    }

    #[test]
    fn a_word_wider_than_the_column_stands_alone() {
        let long = "x".repeat(200);
        let wrapped = wrapped(&format!("a {long} b"));
        let lines: Vec<&str> = wrapped.lines().map(str::trim).collect();
        assert_eq!(lines, ["a", &long, "b"]);
    }
}
