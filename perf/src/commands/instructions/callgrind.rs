//! Instructions counted by callgrind, by the difference of two sizes.

use std::path::Path;
use std::process::Command;

use fluxus_perf::Workload;

use super::super::once::Answer;
use super::Run;

/// Two sizes of a workload, in events: far enough apart that several windows
/// close between them, and both past the first sight of every key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sizes {
    pub(super) small: u64,
    pub(super) large: u64,
}

impl Sizes {
    /// Those of `workload`: small, since counting makes a run fifty times slower.
    pub(super) const fn of(workload: Workload) -> Self {
        let (small, large) = match workload {
            // A second of event time is 10,000 lines.
            Workload::W1 => (20_000, 60_000),
            // It is 100,000 events; a window of W3 ends every second.
            Workload::W2 | Workload::W3 => (200_000, 600_000),
            // The silence that ends a session is 100,000 visits.
            Workload::W4 => (200_000, 600_000),
            // A window is a million events.
            Workload::W5 => (500_000, 2_500_000),
            // A window is 100,000 records.
            Workload::Q5 | Workload::Q7 | Workload::Q8 => (100_000, 200_000),
            // A window is 40,000 records, and what is held of an interval half of that.
            Workload::J1 | Workload::J2 => (200_000, 600_000),
            Workload::W7 => (1_000_000, 3_000_000),
        };
        Self { small, large }
    }

    pub(super) const fn difference(self) -> u64 {
        self.large - self.small
    }
}

/// What one process did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Count {
    pub(super) instructions: u64,
    pub(super) answer: Answer,
}

/// Runs `program once` under callgrind.
///
/// # Errors
/// When valgrind is missing, or the run failed, with what was said.
pub(super) fn count(program: &Path, run: Run) -> Result<Count, String> {
    let Run {
        workload,
        runner,
        events,
        hash_seed,
    } = run;
    let arguments = [
        "once".to_owned(),
        workload.to_string(),
        format!("--engine={}", runner.word()),
        format!("--events={events}"),
        format!("--hash-seed={hash_seed}"),
    ];
    let what = format!("{workload}, {}, {events} events", runner.word());
    let (instructions, output) = count_of(program, &arguments, &what)?;
    let answer = serde_json::from_slice(&output)
        .map_err(|_| format!("{what} under valgrind: it gave no digest"))?;
    Ok(Count {
        instructions,
        answer,
    })
}

/// How many instructions `program` executes with these arguments, and what it
/// writes; `what` says in errors what it was to do.
///
/// # Errors
/// When valgrind is missing, or the run failed, with what was said.
pub(in crate::commands) fn count_of(
    program: &Path,
    arguments: &[String],
    what: &str,
) -> Result<(u64, Vec<u8>), String> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(arguments)
        .output()
        .map_err(|error| {
            format!("valgrind cannot be started ({error}): install it, apt-get install valgrind")
        })?;
    let said = String::from_utf8_lossy(&output.stderr);
    let failed = |why: &str| {
        let last: Vec<&str> = said.lines().rev().take(5).collect();
        let last: String = last
            .into_iter()
            .rev()
            .map(|line| format!("\n  {line}"))
            .collect();
        format!("{what} under valgrind: {why}{last}")
    };
    if !output.status.success() {
        return Err(failed(&output.status.to_string()));
    }
    let instructions = collected(&said).ok_or_else(|| failed("no count in what it said:"))?;
    Ok((instructions, output.stdout))
}

/// The count in a line such as `==12== Collected : 10711445`.
fn collected(said: &str) -> Option<u64> {
    let line = said.lines().find(|line| line.contains("Collected :"))?;
    line.rsplit(':').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::super::once::Runner;
    use super::*;

    #[test]
    fn the_count_is_found_among_what_valgrind_says() {
        let said = "==7== Callgrind\n==7== \n==7== Events    : Ir\n==7== Collected : 10711445\n";
        assert_eq!(collected(said), Some(10_711_445));
        assert_eq!(collected("==7== Collected : many\n"), None);
        assert_eq!(collected(""), None);
    }

    #[test]
    fn a_program_that_fails_is_told_with_what_it_was_to_do() {
        // Whether valgrind is there or not, this cannot be run.
        let missing = Path::new("not there");
        let run = Run {
            workload: Workload::W7,
            runner: Runner::Hand,
            events: 10,
            hash_seed: 1,
        };
        let error = count(missing, run).expect_err("it cannot run");
        assert!(error.contains("valgrind"), "{error}");
    }
}
