//! The command line: what is asked, what is run, what is printed.

mod arguments;
mod cores;
mod print;
mod progress;
mod report;
mod setting;

mod compare;
mod comparison;
mod cpu_time;
mod diff;
mod doctor;
mod instructions;
mod latency;
mod matrix;
mod once;
mod operators;
mod record;
mod rivals;
mod run;
mod scale;
mod system_calls;
mod targets;

use std::process::ExitCode;

use arguments::{Arguments, Command};
use print::{complain, show};

/// What a command has to say, and whether it may be believed.
struct Report {
    text: String,
    /// What was wrong, where a digest was, or a run was invalid.
    wrong: Option<String>,
}

/// Does what the command line asks: 0 when it was done and right, 1 when it
/// failed, a digest was wrong or a run invalid, 2 when it was asked wrongly.
pub(crate) fn main() -> ExitCode {
    let arguments = Arguments::read();
    if cfg!(debug_assertions) {
        complain("warning: this is a debug build; its figures mean nothing, use --release");
    }
    let result = match &arguments.command {
        Command::Run(asked) => run::run(asked),
        Command::Compare(asked) => compare::compare(asked),
        Command::Targets(asked) => targets::targets(asked),
        Command::Scale(asked) => scale::scale(asked),
        Command::Doctor(asked) => doctor::doctor(asked),
        Command::Instructions(asked) => instructions::instructions(asked),
        Command::SystemCalls(asked) => system_calls::system_calls(asked),
        Command::Record(asked) => record::record(asked),
        Command::Diff(asked) => diff::diff(asked),
        Command::Once(asked) => once::once(asked),
        Command::Operators(asked) => operators::operators(asked),
        Command::OperatorOnce(asked) => operators::once(asked),
        Command::Latency(asked) => latency::latency(asked),
        Command::Matrix(asked) => matrix::matrix(asked),
        Command::Rivals(asked) => rivals::rivals(asked),
    };
    let wrong = result.and_then(|report| {
        show(&report.text)?;
        Ok(report.wrong)
    });
    match wrong {
        Ok(None) => ExitCode::SUCCESS,
        Ok(Some(error)) | Err(error) => {
            complain(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}
