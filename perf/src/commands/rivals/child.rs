//! A rival's process: asked with a line, it runs once and answers with one.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{self, ChildStdin, ChildStdout, Command, Stdio};

use serde::Deserialize;

use fluxus_perf::{Case, Digest, Options, Outcome};

/// A rival that has its data and waits to be asked.
pub(super) struct Child {
    name: String,
    process: process::Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// What a rival says before its first run: one of the two.
#[derive(Deserialize)]
struct Beginning {
    cannot: Option<String>,
    #[serde(default)]
    ready: bool,
}

/// What it says of a run.
#[derive(Deserialize)]
struct Answer {
    seconds: f64,
    rows: u64,
    count: u64,
    sum: u64,
}

impl Child {
    /// Starts `program` as `engine` and waits until it is ready; the inner error is why it cannot.
    pub(super) fn start(
        program: &Path,
        engine: &str,
        case: &Case,
        options: &Options,
    ) -> Result<Result<Self, String>, String> {
        let mut command = Command::new(program);
        command
            .args(["run", &case.workload().to_string(), "--engine", engine])
            .args(["--events", &case.events().to_string()])
            .args(["--workers", &options.workers.to_string()])
            .arg("--on-request");
        if let Some(keys) = case.keys() {
            command.args(["--keys", &keys.to_string()]);
        }
        if options.pin {
            let cores: Vec<String> = options.cores.iter().map(usize::to_string).collect();
            command.args(["--cores", &cores.join(",")]);
        }
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{} does not start: {error}", program.display()))?;
        let (Some(questions), Some(answers)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(format!("{engine} cannot be asked anything"));
        };
        let mut child = Self {
            name: engine.to_owned(),
            process,
            questions: Some(questions),
            answers: BufReader::new(answers),
        };
        let beginning: Beginning = child.answer()?;
        match beginning.cannot {
            Some(reason) => Ok(Err(reason)),
            None if beginning.ready => Ok(Ok(child)),
            None => Err(format!("{engine} does not become ready")),
        }
    }

    /// Has it run once.
    pub(super) fn run(&mut self) -> Result<Outcome, String> {
        let asked = self
            .questions
            .as_mut()
            .map(|questions| questions.write_all(b"\n"));
        if !matches!(asked, Some(Ok(()))) {
            return Err(format!("{} is gone", self.name));
        }
        let Answer {
            seconds,
            rows,
            count,
            sum,
        } = self.answer()?;
        Ok(Outcome {
            digest: Digest { rows, count, sum },
            seconds,
        })
    }

    fn answer<T: for<'line> Deserialize<'line>>(&mut self) -> Result<T, String> {
        let mut line = String::new();
        let read = self.answers.read_line(&mut line);
        match read {
            Ok(0) => Err(format!("{} ended before its answer", self.name)),
            Ok(_) => serde_json::from_str(&line)
                .map_err(|error| format!("{} answers `{}`: {error}", self.name, line.trim())),
            Err(error) => Err(format!("{} cannot be heard: {error}", self.name)),
        }
    }
}

impl Drop for Child {
    /// Without questions it ends by itself.
    fn drop(&mut self) {
        self.questions = None;
        let _ = self.process.wait();
    }
}
