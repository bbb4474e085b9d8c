//! The windows of the engine against what other engines make of the same input.
//!
//! Each line of a case file is a small stream, or a question about event time,
//! with the answer that the test suites of other engines expect. This program
//! puts the questions to the public interface and prints the answers; what is
//! right is for others to say (`tests/conformance.rs` does).
//!
//! To see how windows are used, begin with `windows.rs`.
#![forbid(unsafe_code)]

mod case;

mod alone;
mod joins;
mod kind;
mod nexmark;
mod operators;
mod windows;

mod caused;
mod replay;

mod answer;

use crate::answer::{Answer, Line};
use crate::case::{Case, Malformed, Question};
use clap::{value_parser, Parser};
use fluxus::source::BoxError;
use fluxus::{Config, IdleStrategy, Placement};
use fluxus_examples::{complain, show, Failure};
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

/// Answers a file of cases: one JSON object a line in, one a line out.
///
/// Exit status 2: there is no such file, or a line of it is no case.
#[derive(Parser)]
#[command(name = "conformance", version)]
struct Options {
    /// The cases, as `examples/cases/README.md` describes them
    #[arg(value_name = "CASES.jsonl")]
    cases: PathBuf,

    /// How many workers run each case
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = value_parser!(u16).range(1..=1024))]
    parallelism: u16,

    /// How many records are handled at a time
    #[arg(long, value_name = "N", default_value_t = 1024,
          value_parser = value_parser!(u16).range(1..=4096))]
    batch: u16,
}

impl Options {
    fn engine(&self) -> Config {
        Config::new()
            .workers(self.parallelism.into())
            .batch(self.batch.into())
            // Hundreds of jobs of a few records, with more workers than the
            // machine may have cores: nothing is gained by a core of one's own.
            .placement(Placement::Unpinned)
            .idle(IdleStrategy::Park)
            .expected_keys(16)
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    let cases = match case::read(&options.cases) {
        Ok(cases) => cases,
        Err(malformed) => {
            complain("error", malformed);
            return ExitCode::from(2);
        }
    };
    match answer_all(cases, &options.engine()) {
        // Whoever read the answers wants no more of them.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            complain("error", Failure::from(error));
            ExitCode::FAILURE
        }
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(2),
    }
}

/// Answers the cases, and says how many lines are none.
fn answer_all(cases: Vec<Result<Case, Malformed>>, engine: &Config) -> io::Result<usize> {
    let mut malformed = 0;
    for case in cases {
        let Case { id, question } = match case {
            Ok(case) => case,
            Err(problem) => {
                malformed += 1;
                complain("error", problem);
                continue;
            }
        };
        let answer = answer_to(&question, engine).unwrap_or_else(|error| {
            complain("error", format!("case {id}: {error}"));
            let error = error.to_string();
            Answer::Failed { error }
        });
        if let (Answer::Unsupported { .. }, Question::Unsupported(why)) = (&answer, &question) {
            complain("unsupported", format!("case {id}: {why}"));
        }
        let mut line = serde_json::to_string(&Line { id: &id, answer })?;
        line.push('\n');
        show(&line)?;
    }
    Ok(malformed)
}

fn answer_to(question: &Question, engine: &Config) -> Result<Answer, BoxError> {
    match question {
        Question::Windows(case) => windows::answer(case, engine),
        Question::Golden(case) => Ok(windows::answer(case, engine)?.into_rows()),
        Question::Assign(shape, moments) => alone::assign(*shape, moments),
        Question::Merge(windows) => Ok(alone::merge(windows)),
        Question::Watermarks(bounded, steps) => alone::watermarks(*bounded, steps),
        Question::Valve(inputs, steps) => Ok(alone::valve(*inputs, steps)),
        Question::Config(settings) => Ok(alone::config(settings)),
        Question::Joined(case) => joins::answer(case, engine),
        Question::Bounds(case) => Ok(Answer::Config {
            error: joins::bounds(case).is_err(),
        }),
        Question::Operators(case) => operators::answer(case, engine),
        Question::Nexmark(case) => nexmark::answer(case, engine),
        Question::Unsupported(_) => Ok(Answer::Unsupported { unsupported: true }),
    }
}
